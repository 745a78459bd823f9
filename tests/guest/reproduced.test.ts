/**
 * A build with SOURCE_DATE_EPOCH on a machine with another kernel, on ext4, whose clock is years ahead: the same layers as those of
 * tests/engine/build/outputs, which the same constants are for.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mustBerthHere } from "../../tools/lab/berth-here.ts";
import { mustRun } from "../../tools/lab/command.ts";
import { startBerth, type RunningEngine } from "../../tools/lab/engines.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";
import { busyboxImage } from "../../tools/lab/test-images.ts";
import { startTinyRegistry, type TinyRegistry } from "../../tools/lab/tiny-registry.ts";
import { REPRODUCED, reproduced } from "../build/reproduced.ts";

const AHEAD_S = 8 * 365 * 24 * 3600;

let dir = "";
let registry: TinyRegistry | undefined;
let engine: RunningEngine | undefined;

const moveClock = (seconds: number): Promise<string> =>
  mustRun(["date", "-s", `@${Math.round(Date.now() / 1000) + seconds}`]);

beforeAll(async () => {
  dir = makeScratch("reproduced");
  registry = await startTinyRegistry();
  registry.add("busybox", "latest", await busyboxImage());
  await moveClock(AHEAD_S);
  engine = await startBerth({ dir, bridge: "brepro0", bip: "172.31.248.1/24" });
}, 600_000);

afterAll(async () => {
  await engine?.stop();
  await moveClock(-AHEAD_S);
  await registry?.close();
  if (dir !== "") removeScratch(dir);
}, 600_000);

test("the same layers as elsewhere and at another time", async () => {
  expect(await mustRun(["stat", "-f", "-c", "%T", dir])).toBe("ext2/ext3\n");
  const berth = (...args: readonly string[]): Promise<string> => mustBerthHere(engine?.host ?? "", args);
  await berth("pull", "-q", `${registry?.address}/busybox:latest`);
  await berth("tag", `${registry?.address}/busybox:latest`, "busybox");
  expect(await reproduced(berth, dir)).toEqual(REPRODUCED);
}, 600_000);
