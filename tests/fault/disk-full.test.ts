/** A data root that is too small: the pull says so, gives the space back, and the engine goes on. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { command, eventually, mustRun, type CommandResult } from "../../tools/lab/command.ts";
import { berthCommand, cliEnvironment, startBerth, type RunningEngine } from "../../tools/lab/engines.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";
import { busyboxImage, distributionImage } from "../../tools/lab/test-images.ts";
import { startTinyRegistry, type TinyRegistry } from "../../tools/lab/tiny-registry.ts";

setDefaultTimeout(180_000);

let dir = "";
let engine: RunningEngine | undefined;
let registry: TinyRegistry | undefined;

const berth = (...args: string[]): Promise<CommandResult> =>
  command([...berthCommand(), ...args], { env: cliEnvironment(engine?.host ?? "") });

function freeMib(): number {
  const disk = statfsSync(join(dir, "data"));
  return (disk.bfree * disk.bsize) / 2 ** 20;
}

/** What is removed may be going while the answer is read already; a database may keep a little more. */
const expectSpaceBack = (before: number): Promise<true> =>
  eventually("the space back", () => (before - freeMib() < 2 ? true : undefined));

beforeAll(async () => {
  dir = makeScratch("full");
  mkdirSync(join(dir, "data"));
  await mustRun(["mount", "-t", "tmpfs", "-o", "size=100m,mode=755", "berth-full", join(dir, "data")]);
  registry = await startTinyRegistry();
  registry.add("large", "latest", await distributionImage());
  registry.add("small", "latest", await busyboxImage());
  engine = await startBerth({ dir, bridge: "bfull0", bip: "172.31.249.1/24" });
});

afterAll(async () => {
  await engine?.stop().catch(() => {});
  await command(["umount", "-l", join(dir, "data")]);
  await registry?.close();
  removeScratch(dir);
});

test("a pull that does not fit names the reason, gives the space back and leaves a working engine", async () => {
  const before = freeMib();
  const result = await berth("pull", `${registry?.address}/large`);
  expect(result.code).toBe(1);
  expect(result.stderr).toMatch(/no space left on device/);
  expect(await mustRun([...berthCommand(), "images", "-q"], { env: cliEnvironment(engine?.host ?? "") })).toBe("");
  await expectSpaceBack(before);
  const small = await berth("run", "--rm", "-q", `${registry?.address}/small`, "echo", "fits");
  expect({ code: small.code, stdout: small.stdout }).toEqual({ code: 0, stdout: "fits\n" });
});

test("a build that fills the disk names the reason at its step, gives the space back, and what was built stays", async () => {
  const small = `${registry?.address}/small`;
  const context = join(dir, "context");
  mkdirSync(context);
  writeFileSync(join(context, "big"), new Uint8Array(150 << 20).fill(1));
  const write = (...lines: readonly string[]): void =>
    writeFileSync(join(context, "Dockerfile"), [`FROM ${small}`, "RUN echo first > /first", ...lines, ""].join("\n"));
  write();
  expect((await berth("build", "-q", "-t", "fits", context)).code).toBe(0);
  const before = freeMib();
  for (const line of [
    "RUN dd if=/dev/zero of=/big bs=1M count=150",
    "COPY big /big",
    "RUN --mount=type=bind,target=/c true",
  ]) {
    write(line);
    const failed = await berth("build", context);
    expect([line, failed.code]).toEqual([line, 1]);
    expect(failed.stderr).toMatch(/[Nn]o space left on device/);
    expect(failed.stderr).toContain(`>>> ${line}`);
    expect(failed.stderr).toMatch(/RUN echo first > \/first\n#\d+ CACHED/);
    await expectSpaceBack(before);
  }
  const archive = Bun.spawn(["tar", "-C", context, "-c", "."], { stdout: "pipe" });
  const sent = Bun.spawn([...berthCommand(), "build", "-"], {
    env: cliEnvironment(engine?.host ?? ""),
    stdin: archive.stdout,
    stderr: "pipe",
  });
  expect(await new Response(sent.stderr).text()).toMatch(/[Nn]o space left on device/);
  expect(await sent.exited).toBe(1);
  await expectSpaceBack(before);
  write("RUN echo still > /works");
  expect((await berth("build", "-q", context)).code).toBe(0);
  expect((await berth("image", "rm", "fits")).code).toBe(0);
});

test("a log that fills the disk loses lines, stops nobody, and is over when there is room again", async () => {
  const small = `${registry?.address}/small`;
  for (const driver of ["json-file", "local"]) {
    const options = ["--log-opt", "max-size=1g"];
    const command = ["seq", "1", "3000000"];
    const run = await berth("run", "-d", "--name", "flood", "--log-driver", driver, ...options, small, ...command);
    expect(run.stderr).toBe("");
    expect((await berth("wait", "flood")).stdout).toBe("0\n");
    const { stdout } = await berth("logs", "flood");
    const numbers = stdout.trimEnd().split("\n").map(Number);
    expect(numbers.length).toBeGreaterThan(100_000);
    // Lines may be missing; none is cut, none out of its place.
    let before = 0;
    for (const number of numbers) {
      if (!(number > before && number <= 3_000_000)) throw new Error(`${number} after ${before}`);
      before = number;
    }
    expect((await berth("rm", "flood")).code).toBe(0);
    expect((await berth("run", "--rm", small, "echo", "fits")).stdout).toBe("fits\n");
  }
});
