/**
 * Networks and volumes come and go, and the engine is killed in between: nothing is left on the machine, and all that a
 * client was told of holds. NETWORK_CYCLES says how many times (`npm run soak`: 1,000), one kill for every four.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { eventually, mustRun } from "../../tools/lab/command.ts";
import { leftovers, readMachineState, type MachineState } from "../../tools/lab/leak-check.ts";
import { BusyboxEngine } from "./busybox-engine.ts";

const cycles = Number(process.env["NETWORK_CYCLES"] ?? 20);
setDefaultTimeout(180_000 + cycles * 5000);

let engine: BusyboxEngine;
let idle: MachineState;
let idleText: string;

/** Addresses, rules with their elements, and folders of volumes. */
const machineText = async (): Promise<string> =>
  [
    ...["-4", "-6"].map((family) => mustRun(["ip", "-o", family, "address", "show", "scope", "global"])),
    mustRun(["ip", "-6", "route", "show", "table", "local", "type", "local", "::1"]),
    mustRun(["nft", "list", "ruleset"]),
    Promise.resolve(readdirSync(join(engine.dir, "data/volumes")).join(" ")),
  ].reduce(async (text, part) => `${await text}\n${await part}`, Promise.resolve(""));

const status = async (method: string, path: string, body?: unknown): Promise<number> =>
  (await engine.api(method, path, body)).status;

beforeAll(async () => {
  engine = await BusyboxEngine.open({ bridge: "bcycle0", bip: "172.31.242.1/24" });
  // Whatever a first network leaves for good on a host is not counted.
  await engine.ok("network", "create", "--ipv6", "first");
  await engine.ok("network", "rm", "first");
  await engine.ok("run", "--rm", "-v", "/data", "busybox", "true");
  idle = await readMachineState(engine.dir);
  idleText = await machineText();
}, 180_000);
afterAll(() => engine.close());

test(`${cycles} cycles of networks and volumes, with the engine killed in between, leave nothing`, async () => {
  await engine.ok("run", "-d", "--name", "home", "busybox", "sleep", "100000");
  for (let cycle = 0; cycle < cycles; cycle++) {
    const killed = cycle % 4 === 3;
    const body = { Name: "made", EnableIPv6: cycle % 2 === 1 };
    expect(await status("POST", "/networks/create", body)).toBe(201);
    expect(await status("POST", "/volumes/create", { Name: "made" })).toBe(201);
    const join = status("POST", "/networks/made/connect", { Container: "home" });
    if (!killed) {
      expect(await join).toBe(200);
      expect(await status("POST", "/networks/made/disconnect", { Container: "home" })).toBe(200);
    } else {
      // In the middle of it, before its answer, or after.
      await Bun.sleep((cycle % 5) * 2);
      await Promise.all([join.catch(() => 0), engine.kill()]);
      await engine.start();
      expect([200, 403]).toContain(await status("POST", "/networks/made/disconnect", { Container: "home" }));
    }
    expect(await status("DELETE", "/networks/made")).toBe(204);
    expect(await status("DELETE", "/volumes/made")).toBe(204);
  }
  expect(await engine.ok("exec", "home", "ip", "-o", "link")).not.toContain("eth1");
  await engine.removeAll();
  const left = async (): Promise<readonly string[]> =>
    leftovers(idle, await readMachineState(engine.dir)).filter((line) => !/^(process|cgroup) /.test(line));
  await eventually("nothing left behind", async () => ((await left()).length === 0 ? true : undefined)).catch(() => 0);
  expect(await left()).toEqual([]);
  expect(await machineText()).toBe(idleText);
});
