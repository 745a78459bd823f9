/**
 * Clients at work on the same and different containers at once: no answer is a fault of the engine, and when all
 * containers are removed nothing of them is left, in the engine or on the machine. CHURN_SECONDS says for how long,
 * FAULT_SEED what each of them asks.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { churn } from "../../tools/lab/churn.ts";
import { command, eventually, mustRun } from "../../tools/lab/command.ts";
import { startDebianRegistry, type RunningRegistry } from "../../tools/lab/debian-registry.ts";
import { berthCommand, cliEnvironment, startBerth, type RunningEngine } from "../../tools/lab/engines.ts";
import { openedBy, processSize } from "../../tools/lab/process-size.ts";
import { leftovers, readMachineState, type MachineState } from "../../tools/lab/leak-check.ts";
import { pushImage } from "../../tools/lab/registry-push.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";
import { busyboxImage } from "../../tools/lab/test-images.ts";
import { chosen } from "./chance.ts";

const seconds = Number(process.env["CHURN_SECONDS"] ?? 12);
setDefaultTimeout(180_000 + seconds * 1000);

let dir = "";
let registry: RunningRegistry | undefined;
let engine: RunningEngine;
let idle: MachineState = new Set();

const ok = (...args: string[]): Promise<string> =>
  mustRun([...berthCommand(), ...args], { env: cliEnvironment(engine.host) });
const rules = async (): Promise<string> => (await command(["nft", "list", "ruleset"])).stdout;
/** Names below the engine's folders, down to where containers, snapshots and execs have theirs. */
const stored = (): string[] =>
  ["data", "exec"].flatMap((root) => belowTwo(join(dir, root))).filter((path) => /[0-9a-f]{64}/.test(path));

const leadsLocalhost = (): boolean =>
  openedBy(engine.daemon.pid).includes("anon_inode:bpf_link") ||
  readFileSync(engine.daemon.logPath, "utf8").includes("published ports on localhost are translated");

function belowTwo(root: string): string[] {
  return readdirSync(root, { withFileTypes: true }).flatMap((entry) => {
    const path = join(root, entry.name);
    if (!entry.isDirectory() || entry.name === "blobs" || entry.name === "layers") return [];
    return readdirSync(path).map((name) => join(path, name));
  });
}

beforeAll(async () => {
  dir = makeScratch("churn");
  registry = await startDebianRegistry({ dir });
  await pushImage(registry.address, "busybox", "latest", await busyboxImage());
  engine = await startBerth({ dir, bridge: "bchurn0", bip: "172.31.245.1/24" });
  await ok("pull", "-q", `${registry.address}/busybox`);
  await ok("tag", `${registry.address}/busybox`, "busybox");
  await ok("run", "--rm", "-p", "127.0.0.1::80", "busybox", "true");
  // A moment behind the first published port, and there until the engine ends (src/network/connect).
  await eventually("programs at connect(2)", async () => (leadsLocalhost() ? true : undefined));
  idle = await readMachineState(dir);
});

afterAll(async () => {
  await engine?.stop();
  await registry?.stop();
  removeScratch(dir);
});

test(`eight clients for ${seconds} s leave a consistent engine and a clean machine`, async () => {
  const [rulesBefore, storedBefore, sizeBefore] = [await rules(), stored(), processSize(engine.daemon.pid)];
  const end = performance.now() + seconds * 1000;
  const result = await churn(engine, { clients: 8, sharedNames: 6, goesOn: () => performance.now() < end, chosen });
  console.log(
    `  ${result.requests} requests: ${[...result.answers]
      .sort(([a], [b]) => a.localeCompare(b))
      .map((pair) => pair.join(" ×"))
      .join(", ")}`,
  );
  expect(result.faults).toEqual([]);

  // What the list says is what each container says of itself.
  const listed = (await (
    await fetch("http://engine/containers/json?all=1", { unix: engine.socket })
  ).json()) as readonly { readonly Id: string; readonly State: string }[];
  expect(new Set(listed.map(({ Id }) => Id)).size).toBe(listed.length);

  const ids = (await ok("ps", "-aq")).split("\n").filter((id) => id !== "");
  if (ids.length > 0) await ok("rm", "-f", "-v", ...ids);
  expect(await ok("ps", "-aq")).toBe("");
  await expectEqual("nothing left behind", async () => leftovers(idle, await readMachineState(dir)).filter(ours), []);
  await expectEqual("the firewall's rules", rules, rulesBefore);
  await expectEqual("the engine's folders", async () => stored(), storedBefore);
  await expectEqual(
    "descriptors closed",
    async () => processSize(engine.daemon.pid).descriptors <= sizeBefore.descriptors + 4,
    true,
  );
  await expectEqual(
    "memory given back",
    async () => processSize(engine.daemon.pid).memoryMib <= sizeBefore.memoryMib + 40,
    true,
  );
  // The engine still does its work.
  expect(await ok("run", "--rm", "busybox", "echo", "fine")).toBe("fine\n");
});

const ours = (line: string): boolean => !/^(process .* daemon |scratch)/.test(line);

/** Waits for it to become so; fails with the difference when it does not. */
async function expectEqual<T>(what: string, read: () => Promise<T>, wanted: T): Promise<void> {
  await eventually(what, async () => (Bun.deepEquals(await read(), wanted) ? true : undefined)).catch(async () => {
    expect<unknown>({ what, found: await read() }).toEqual({ what, found: wanted });
  });
}
