/**
 * Cycles of networks, endpoints and volumes, with the engine killed in between: whatever a cycle was at, nothing of it is
 * left, and the addresses are free again. `BERTH_LEAK_CYCLES=1000` for many.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { command } from "../../tools/lab/command.ts";
import { readMachineState, settledLeftovers, type MachineState } from "../../tools/lab/leak-check.ts";
import { BusyboxEngine } from "./busybox-engine.ts";

setDefaultTimeout(600_000);

const cycles = Number(process.env["BERTH_LEAK_CYCLES"] ?? 80);
const workers = 8;
const kills = 4;

let engine: BusyboxEngine;
let before: MachineState;
let rulesBefore: number;
const rules = async (): Promise<readonly string[]> =>
  (await command(["nft", "list", "ruleset"])).stdout.split("\n").filter((line) => line.trim() !== "");
beforeAll(async () => {
  engine = await BusyboxEngine.open({ bridge: "bleak0", bip: "172.31.247.1/24" });
  for (let worker = 0; worker < workers; worker++)
    await engine.ok("run", "-d", "--name", `c${worker}`, "busybox", "sleep", "100000");
  before = await readMachineState();
  rulesBefore = (await rules()).length;
}, 180_000);
afterAll(async () => {
  await engine.removeAll();
  await engine.close();
});

/** 0 when the engine was killed under the request. */
async function ask(method: string, path: string, body?: unknown): Promise<number> {
  return engine.api(method, path, body).then(
    ({ status }) => status,
    () => 0,
  );
}

/** What an engine that was killed left of a cycle is for the next engine, and for the cycle that comes after. */
async function cycle(worker: number, number: number): Promise<boolean> {
  const [network, volume, made] = [`n${worker}`, `v${worker}-${number}`, `m${worker}`];
  const container = `c${worker}`;
  const config = { Image: "busybox", HostConfig: { Binds: [`${volume}:/v`], NetworkMode: network } };
  const steps: (readonly [string, string, unknown?])[] = [
    ["POST", "/networks/create", { Name: network }],
    ["POST", "/volumes/create", { Name: volume, Labels: { cycle: String(number) } }],
    ["POST", `/containers/create?name=${made}`, config],
    ["POST", `/networks/${network}/connect`, { Container: container, EndpointConfig: { Aliases: ["x"] } }],
    ["POST", `/networks/${network}/disconnect`, { Container: container }],
    ["DELETE", `/containers/${made}`],
    ["DELETE", `/networks/${network}`],
    ["DELETE", `/volumes/${volume}`],
  ];
  let whole = true;
  for (const [method, path, body] of steps) whole = (await ask(method, path, body)) < 300 && whole;
  return whole;
}

async function clearUp(): Promise<void> {
  for (let worker = 0; worker < workers; worker++) {
    await ask("DELETE", `/containers/m${worker}?force=1`);
    await ask("POST", `/networks/n${worker}/disconnect`, { Container: `c${worker}`, Force: true });
    await ask("DELETE", `/networks/n${worker}`);
  }
  await engine.ok("volume", "prune", "-af");
}

test(`${cycles} cycles, ${kills} kills`, async () => {
  let [next, whole] = [0, 0];
  const work = async (worker: number, until: number): Promise<void> => {
    while (next < until) if (await cycle(worker, next++)) whole++;
  };
  for (let round = 1; round <= kills + 1; round++) {
    const working = Array.from({ length: workers }, (_, worker) => work(worker, (cycles * round) / (kills + 1)));
    if (round <= kills) {
      // In the midst of the last cycles of the round.
      await working[round % workers];
      await engine.kill();
    }
    await Promise.all(working);
    if (round <= kills) await engine.start();
    await clearUp();
  }
  // But for what a kill found at work, or nothing was shown.
  expect(whole).toBeGreaterThanOrEqual(cycles - kills * (workers - 1));
  expect(next).toBeGreaterThanOrEqual(cycles);

  // The engine that serves now, its shims that wait for what to run, and cgroups of others on this machine: no container
  // starts in a cycle.
  const foreign = /^process \d+ (?:.*daemon|berth-shim -+$)|^cgroup /u;
  expect(await settledLeftovers(before, (line) => foreign.test(line))).toEqual([]);
  for (const folder of ["data/volumes", "data/volume-snapshots", "data/snapshots", "data/containers", "exec/mounts"]) {
    const kept = names(join(engine.dir, folder)).filter((name) => !/^[0-9a-f]{64}$/u.test(name));
    expect([folder, kept]).toEqual([folder, []]);
  }
  expect(names(join(engine.dir, "data/containers"))).toHaveLength(workers);
  // Every subnet of the pool and every name is free: the next network gets the first of them again.
  expect(await ask("POST", "/networks/create", { Name: "last" })).toBe(201);
  const rulesWith = (await rules()).length;
  expect(await ask("DELETE", "/networks/last")).toBe(204);
  expect((await rules()).length).toBeLessThan(rulesWith);
  expect((await rules()).length).toBe(rulesBefore);
});

function names(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
