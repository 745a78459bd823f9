/**
 * Containers with one name, one address and one port, each removing itself, one right after the other: what was told to be
 * gone is in nobody's way, also when the engine is killed in the moment after. FAULT_SEED chooses the moments.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { readMachineState, settledLeftovers, type MachineState } from "../../tools/lab/leak-check.ts";
import { BusyboxEngine } from "./busybox-engine.ts";
import { chosen } from "./chance.ts";

setDefaultTimeout(600_000);

const rounds = 25;
const kills = 8;
const port = 38_217;

let engine: BusyboxEngine;
let before: MachineState;
beforeAll(async () => {
  engine = await BusyboxEngine.open({ bridge: "bagain0", bip: "172.31.238.1/24" });
  await engine.ok("network", "create", "--subnet", "172.31.237.0/24", "again");
  await engine.ok(...run("true"));
  before = await readMachineState();
}, 180_000);
afterAll(() => engine.close());

const run = (...argv: readonly string[]): string[] => [
  ...["run", "--rm", "--name", "again", "--network", "again", "--ip", "172.31.237.77"],
  ...["-p", `127.0.0.1:${port}:80`, "busybox", ...argv],
];

const body = {
  Image: "busybox",
  Cmd: ["sh", "-c", "echo out; exit 7"],
  ExposedPorts: { "80/tcp": {} },
  HostConfig: {
    AutoRemove: true,
    NetworkMode: "again",
    PortBindings: { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: String(port) }] },
  },
  NetworkingConfig: { EndpointsConfig: { again: { IPAMConfig: { IPv4Address: "172.31.237.77" } } } },
};

async function must(method: string, path: string, request?: unknown): Promise<string> {
  const { status, text } = await engine.api(method, path, request);
  if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`);
  return text;
}

/** Run one until it is told to be gone; its id. */
async function once(): Promise<string> {
  const { Id } = JSON.parse(await must("POST", "/containers/create?name=again", body)) as { readonly Id: string };
  const waiting = must("POST", `/containers/${Id}/wait?condition=removed`);
  await must("POST", `/containers/${Id}/start`);
  expect(JSON.parse(await waiting)).toEqual({ StatusCode: 7 });
  return Id;
}

/** What the history tells of a container, in its order. */
async function history(id: string): Promise<readonly string[]> {
  const filters = encodeURIComponent(JSON.stringify({ type: ["container", "network"] }));
  const text = await must("GET", `/events?since=0&until=${Math.ceil(Date.now() / 1000)}&filters=${filters}`);
  return text
    .split("\n")
    .filter((line) => line.includes(id))
    .map((line) => (JSON.parse(line) as { readonly Action: string }).Action);
}

test("by the command, and by the API", async () => {
  for (let round = 0; round < rounds; round++) await engine.ok(...run("true"));
  for (let round = 0; round < rounds; round++) {
    const id = await once();
    expect((await engine.api("GET", `/containers/${id}/json`)).status).toBe(404);
    expect((await engine.api("GET", "/containers/again/json")).status).toBe(404);
    const network = JSON.parse(await must("GET", "/networks/again")) as { readonly Containers: object };
    expect(network.Containers).toEqual({});
    expect(await history(id)).toEqual(["create", "connect", "start", "die", "disconnect", "destroy"]);
  }
  expect(await engine.ok("ps", "-aq")).toBe("");
});

test("stopped by force while its command is attached", async () => {
  for (let round = 0; round < 5; round++) {
    const attached = engine.run(...run("sleep", "1000"));
    while ((await engine.api("GET", "/containers/again/json")).status !== 200) await Bun.sleep(5);
    while ((await engine.api("POST", "/containers/again/kill")).status !== 204) await Bun.sleep(5);
    await attached;
    expect((await engine.api("GET", "/containers/again/json")).status).toBe(404);
  }
});

test(`${kills} times with an engine that is killed right then`, async () => {
  for (let kill = 1; kill <= kills; kill++) {
    const id = await once();
    for (let turn = chosen(`kill ${kill}`, 3); turn > 0; turn--) await engine.api("GET", "/_ping");
    await engine.kill();
    await engine.start();
    expect(await engine.ok("ps", "-aq")).toBe("");
    expect((await history(id)).filter((action) => action === "destroy")).toEqual(["destroy"]);
    const why = JSON.parse(await must("GET", `/berth/containers/${id}/why`)) as {
      readonly Exits: readonly { readonly ExitCode: number; readonly LastOutput: readonly string[] }[];
    };
    expect(why.Exits).toMatchObject([{ ExitCode: 7, LastOutput: [expect.stringMatching(/ out$/)] }]);
    await engine.ok(...run("true"));
  }
  const others = /^process \d+ (?:.*daemon|berth-shim -+$)/u;
  expect(await settledLeftovers(before, (line) => others.test(line))).toEqual([]);
  for (const folder of ["data/snapshots", "data/containers", "exec/containers", "exec/mounts"])
    expect([folder, names(join(engine.dir, folder))]).toEqual([folder, []]);
});

function names(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
