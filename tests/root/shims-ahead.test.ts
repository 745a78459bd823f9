/** Shims that came up before they were needed: they run what they are given, and end with whoever made them. */
import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { silentLog } from "#base/log.ts";
import { randomHex } from "#base/ids.ts";
import { NativeShimLauncher } from "#runtime/shim/launcher.ts";
import { ShimsAhead } from "#runtime/shim/shims-ahead.ts";
import type { LaunchRequest } from "#runtime/types.ts";
import { eventually } from "../../tools/lab/command.ts";
import { projectDir } from "../../tools/lab/paths.ts";
import { ShimFixture, shimPath } from "./shim-fixture.ts";

setDefaultTimeout(180_000);

let fixture: ShimFixture;
let directory = "";
let ahead: ShimsAhead;
let launcher: NativeShimLauncher;

beforeEach(async () => {
  fixture = new ShimFixture();
  directory = join(fixture.root, "ahead");
  ahead = new ShimsAhead({ directory, shimPath: () => shimPath, log: silentLog });
  launcher = new NativeShimLauncher({ shimPath: () => shimPath, ahead });
  await ahead.open();
});

afterEach(async () => {
  await ahead.close();
  await fixture.close();
});

const waiting = (): readonly string[] => (existsSync(directory) ? readdirSync(directory).toSorted() : []);
const ready = (): Promise<readonly string[]> =>
  eventually("two shims that wait", async () => (waiting().length === 2 ? waiting() : undefined));

/** Theirs: a directory is there before its process. */
const processes = (): Promise<readonly number[]> =>
  eventually("two processes", () => {
    const found = workingIn(directory);
    return found.length === 2 ? found : undefined;
  });

/** Processes that work in or below a folder. */
function workingIn(folder: string): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => cwdOf(pid).startsWith(folder));
}

function cwdOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return "";
  }
}

function requestOf(argv: readonly string[]): LaunchRequest {
  return { ...fixture.request(fixture.plan(argv)), id: randomHex(32) };
}

test("one runs what it is given, in the directory and under the name that it is given, and another is made", async () => {
  const before = await ready();
  const request = requestOf(["sh", "-c", "exit 7"]);
  const launched = await launcher.launch(request);
  expect(waiting().filter((name) => before.includes(name))).toHaveLength(1);
  expect(readFileSync(`/proc/${launched.monitorPid}/cmdline`, "utf8")).toBe(`berth-shim\0${request.id}\0`);
  expect(cwdOf(launched.monitorPid)).toBe(request.dir);
  await launched.go();
  expect((await launched.exited()).exitCode).toBe(7);
  expect(existsSync(join(request.dir, "status"))).toBe(true);
  await ready();
});

test("more at once than wait: the others come up by themselves", async () => {
  await ready();
  const codes = await Promise.all(
    [1, 2, 3, 4, 5].map(async (code) => {
      const launched = await launcher.launch(requestOf(["sh", "-c", `exit ${code}`]));
      await launched.go();
      return (await launched.exited()).exitCode;
    }),
  );
  expect(codes).toEqual([1, 2, 3, 4, 5]);
  await ready();
});

test("a directory that is not empty, and what a waiting one could not be, get one of their own", async () => {
  const before = await ready();
  const full = requestOf(["true"]);
  await Bun.write(join(full.dir, "there"), "");
  for (const request of [full, { ...requestOf(["true"]), id: "short" }]) {
    const launched = await launcher.launch(request);
    await launched.go();
    expect((await launched.exited()).exitCode).toBe(0);
  }
  expect(waiting()).toEqual(before);
});

test("one that somebody ended is not handed out", async () => {
  const before = await ready();
  for (const pid of await processes()) process.kill(pid, 9);
  await eventually("their directories gone", async () => !waiting().some((name) => before.includes(name)) || undefined);
  const launched = await launcher.launch(requestOf(["true"]));
  await launched.go();
  expect((await launched.exited()).exitCode).toBe(0);
});

test("closing ends those that wait and takes their directories away", async () => {
  await ready();
  const pids = await processes();
  await ahead.close();
  await eventually("no process", async () => pids.every((pid) => !existsSync(`/proc/${pid}/exe`)) || undefined);
  expect(existsSync(directory)).toBe(false);
});

test("they end with a killed process, and the next one removes their directories", async () => {
  await ahead.close();
  const script = `
    import { silentLog } from "#base/log.ts";
    import { ShimsAhead } from "#runtime/shim/shims-ahead.ts";
    const [directory, path] = process.argv.slice(1);
    await new ShimsAhead({ directory, shimPath: () => path, log: silentLog }).open();
    setInterval(() => {}, 1000);
  `;
  const child = Bun.spawn([process.execPath, "-e", script, directory, shimPath], {
    cwd: projectDir,
    stdio: ["ignore", "inherit", "inherit"],
  });
  try {
    const before = await ready();
    const pids = await processes();
    child.kill("SIGKILL");
    await child.exited;
    await eventually("no process", async () => pids.every((pid) => !existsSync(`/proc/${pid}/exe`)) || undefined);
    expect(waiting()).toEqual(before);
    await ahead.open();
    expect((await ready()).filter((name) => before.includes(name))).toEqual([]);
  } finally {
    child.kill("SIGKILL");
  }
});
