/** Copies of volumes where the file system shares blocks between files: xfs, on a loop device. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { statfsSync } from "node:fs";
import { join } from "node:path";
import { mustRun } from "../../tools/lab/command.ts";
import { berthCommand, cliEnvironment, startBerth, type RunningEngine } from "../../tools/lab/engines.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";
import { mountXfs, type MountedXfs } from "../../tools/lab/xfs.ts";

setDefaultTimeout(180_000);

const scratch = makeScratch("xfs");
let xfs: MountedXfs;
let engine: RunningEngine;

beforeAll(async () => {
  xfs = await mountXfs(scratch);
  engine = await startBerth({ dir: xfs.path, bridge: "bxfs0", bip: "172.31.236.1/24" });
}, 180_000);
afterAll(async () => {
  await engine.stop();
  await xfs[Symbol.asyncDispose]();
  removeScratch(scratch);
});

const MIB = 2 ** 20;
const ok = (...args: readonly string[]): Promise<string> =>
  mustRun([...berthCommand(), ...args], { env: cliEnvironment(engine.host) });
const fileOf = async (volume: string): Promise<string> =>
  join((await ok("volume", "inspect", "-f", "{{.Mountpoint}}", volume)).trim(), "file");
const sumOf = async (volume: string): Promise<string> =>
  (await mustRun(["sha256sum", await fileOf(volume)])).slice(0, 64);

/** How much less is free after it. */
async function takes(act: () => Promise<unknown>): Promise<number> {
  const freeMib = async (): Promise<number> => {
    await mustRun(["sync", "-f", xfs.path]);
    const { bfree, bsize } = statfsSync(xfs.path);
    return (bfree * bsize) / MIB;
  };
  const before = await freeMib();
  await act();
  return before - (await freeMib());
}

test("a clone and a snapshot take no room, and what is written to one is not in the others", async () => {
  await ok("volume", "create", "data");
  const written = await takes(async () =>
    mustRun(["dd", "if=/dev/urandom", `of=${await fileOf("data")}`, "bs=1M", "count=96", "status=none"]),
  );
  expect(written).toBeGreaterThan(90);
  const sum = await sumOf("data");
  expect(await takes(() => ok("volume", "clone", "data", "copy"))).toBeLessThan(8);
  expect(await takes(() => ok("volume", "snapshot", "data", "before"))).toBeLessThan(8);
  expect(await sumOf("copy")).toBe(sum);

  const change = [
    "dd",
    "if=/dev/zero",
    `of=${await fileOf("copy")}`,
    "bs=1M",
    "count=32",
    "conv=notrunc",
    "status=none",
  ];
  expect(await takes(() => mustRun(change))).toBeWithin(28, 40);
  expect(await sumOf("data")).toBe(sum);
  expect(await sumOf("copy")).not.toBe(sum);

  await mustRun(["truncate", "-s", "0", await fileOf("data")]);
  expect(await takes(() => ok("volume", "restore", "data@before"))).toBeLessThan(8);
  expect(await sumOf("data")).toBe(sum);
});
