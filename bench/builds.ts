import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { laterDockerDir } from "../tools/lab/apt-suite.ts";
import { dockerWithBuildx } from "../tools/lab/buildx.ts";
import { mustRun } from "../tools/lab/command.ts";
import { berthCommand, cliEnvironment } from "../tools/lab/engines.ts";
import { busyboxLayer } from "../tools/lab/test-images.ts";
import { median, type Figure } from "./measure.ts";
import { ProcessorTime } from "./processor-time.ts";
import { openSides, type Side } from "./sides.ts";

const FILES = 10_000;
const LARGE_FILES = 64;
const MIB = 1 << 20;
const STEPS = 10;

/** The column of what a measure's commands take without an engine. */
export const COMMANDS_ALONE = "commands alone";

export const buildParts = ["builds steps", "builds copies", "builds large"] as const;
export type BuildPart = (typeof buildParts)[number];

/** Build a folder, by whole commands: what it takes on the clock and of the processors, ms. */
type Build = (side: Side, folder: string) => Promise<Taken>;

interface Taken {
  readonly clock: number;
  readonly processor: number;
}

/**
 * `berth build` beside `docker build` of docker 26.1, which is buildx and the BuildKit in dockerd. Both engines' data and the
 * contexts lie in the folder for temporary files: let TMPDIR name a tmpfs where copies of files are to be compared, or the disk
 * is what is measured.
 */
export async function buildFigures(parts: readonly BuildPart[], withReference: boolean): Promise<Figure[]> {
  const scratch = mkdtempSync(join(tmpdir(), "berth-bench-builds-"));
  const docker = withReference ? await dockerWithBuildx(scratch) : undefined;
  const lab = await openSides(withReference, withReference ? await laterDockerDir() : undefined, true);
  try {
    const build: Build = async (side, folder) => {
      const { argv, env } =
        side.name === "dockerd" && docker !== undefined ? docker : { argv: berthCommand(), env: {} };
      const spent = new ProcessorTime(() => side.pids());
      const start = performance.now();
      const client = Bun.spawn([...argv, "build", "-q", folder], {
        env: { ...process.env, ...cliEnvironment(side.engine.host), ...env },
        stdio: ["ignore", "ignore", "inherit"],
      });
      if ((await client.exited) !== 0) throw new Error(`${side.name}: the build of ${folder} failed`);
      const clock = performance.now() - start;
      // What an engine still does behind the answer is its work, too.
      await Bun.sleep(100);
      return { clock, processor: spent.ms() + Number(client.resourceUsage()?.cpuTime.total ?? 0) / 1000 };
    };
    const figures: Figure[] = [];
    for (const part of parts) figures.push(...(await measures[part](lab.sides, scratch, build)));
    return figures;
  } finally {
    await lab.close();
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** In turns, each side `rounds` times, after as many that do not count as `before` says. */
async function taken<T extends { readonly name: string }>(
  measure: string,
  sides: readonly T[],
  { rounds, before = 1 }: { readonly rounds: number; readonly before?: number },
  act: (side: T) => Promise<Taken>,
): Promise<Figure[]> {
  const samples = new Map<T, Taken[]>(sides.map((side) => [side, []]));
  for (let round = -before; round < rounds; round++)
    for (const side of sides) {
      const one = await act(side);
      if (round >= 0) samples.get(side)?.push(one);
    }
  return (["clock", "processor"] as const).flatMap((kind) =>
    [...samples].map(([side, all]): Figure => {
      const values = all.map((one) => one[kind]);
      const name = kind === "clock" ? measure : `${measure}, processor time`;
      return { measure: name, unit: "ms", side: side.name, value: median(values), samples: values };
    }),
  );
}

let count = 0;

async function steps(sides: readonly Side[], scratch: string, build: Build): Promise<Figure[]> {
  const folder = join(scratch, "steps");
  mkdirSync(folder);
  const write = (): void => {
    const mark = ++count;
    const lines = Array.from({ length: STEPS }, (_, step) => `RUN echo ${mark} > /step-${step}`);
    writeFileSync(join(folder, "Dockerfile"), ["FROM busybox", ...lines, ""].join("\n"));
  };
  const alone = await aloneIn(join(scratch, "root"));
  const cold = await taken("ten RUN steps", [...sides, { name: COMMANDS_ALONE }], { rounds: 5 }, (side) => {
    if (!("engine" in side)) return alone();
    write();
    return build(side, folder);
  });
  return [...cold, ...(await taken("the same from the cache", sides, { rounds: 9 }, (side) => build(side, folder)))];
}

/** The ten commands one after the other without an engine: namespaces and a root for each by unshare(1), and its shell. */
async function aloneIn(root: string): Promise<() => Promise<Taken>> {
  mkdirSync(root);
  await mustRun(["tar", "-x", "-C", root], { stdin: await busyboxLayer() });
  return async () => {
    const start = performance.now();
    let processor = 0;
    for (let step = 0; step < STEPS; step++) {
      const argv = ["unshare", "-mpniuf", `--root=${root}`, "/bin/sh", "-c", `echo ${++count} > /step-${step}`];
      const child = Bun.spawn(argv, { stdio: ["ignore", "ignore", "inherit"] });
      if ((await child.exited) !== 0) throw new Error(`${argv.join(" ")} failed`);
      processor += Number(child.resourceUsage()?.cpuTime.total ?? 0) / 1000;
    }
    return { clock: performance.now() - start, processor };
  };
}

async function copies(sides: readonly Side[], scratch: string, build: Build): Promise<Figure[]> {
  const path = join(scratch, "copy");
  const write = (index: number): void => {
    const folder = join(path, "files", String(Math.floor(index / 100)));
    if (index % 100 === 0) mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, String(index)), `${count} ${index} `.repeat(300));
  };
  const fill = (): void => {
    count++;
    for (let index = 0; index < FILES; index++) write(index);
    writeFileSync(join(path, "Dockerfile"), "FROM busybox\nCOPY files /files\n");
  };
  // Each round has new files: none is there only to warm up.
  const cold = await taken(`COPY of ${FILES} new files`, sides, { rounds: 3, before: 0 }, (side) => {
    fill();
    return build(side, path);
  });
  // The first time most files are new to the side that was not the last one.
  const changed = await taken("the same with one file changed", sides, { rounds: 5 }, (side) => {
    writeFileSync(join(path, "files", "0", "0"), `changed ${++count}`);
    return build(side, path);
  });
  const unchanged = await taken("the same unchanged", sides, { rounds: 7 }, (side) => build(side, path));
  rmSync(path, { recursive: true });
  return [...cold, ...changed, ...unchanged];
}

/** A context of 1 GiB: the first time, then unchanged, what is read for that, and the memory of all of it. */
async function large(sides: readonly Side[], scratch: string, build: Build): Promise<Figure[]> {
  const path = join(scratch, "large");
  mkdirSync(path);
  const content = new Uint8Array(16 * MIB);
  for (let index = 0; index < LARGE_FILES; index++) {
    content.fill(index + 1);
    writeFileSync(join(path, `file-${index}`), content);
  }
  writeFileSync(join(path, "Dockerfile"), "FROM busybox\nCOPY file-* /large/\n");
  const figures: Figure[] = [];
  const add = (measure: string, unit: Figure["unit"], side: Side, value: number): void =>
    void figures.push({ measure, unit, side: side.name, value, samples: [value] });
  for (const side of sides) {
    add("a context of 1 GiB", "ms", side, (await build(side, path)).clock);
    const before = charactersRead(side.pids());
    add("the same unchanged, 1 GiB", "ms", side, (await build(side, path)).clock);
    add("what the engine reads for that", "MiB", side, (charactersRead(side.pids()) - before) / MIB);
    add("the engine's memory after it", "MiB", side, side.memory());
  }
  rmSync(path, { recursive: true });
  return figures;
}

const measures: Readonly<
  Record<BuildPart, (sides: readonly Side[], scratch: string, build: Build) => Promise<Figure[]>>
> = { "builds steps": steps, "builds copies": copies, "builds large": large };

/** Bytes that processes have read so far, from files, pipes and sockets. */
function charactersRead(pids: readonly number[]): number {
  const of = (pid: number): number => Number(/^rchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, "utf8"))?.[1] ?? 0);
  return pids.map(of).reduce((sum, bytes) => sum + bytes, 0);
}
