import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { aptSuite, laterDockerDir } from "../tools/lab/apt-suite.ts";
import { berthCommand, cliEnvironment } from "../tools/lab/engines.ts";
import { extractPackages } from "../tools/lab/extracted-packages.ts";
import { median, type Figure } from "./measure.ts";
import { ProcessorTime } from "./processor-time.ts";
import { openSides, type Side } from "./sides.ts";

const FILES = 10_000;
const LARGE_FILES = 64;
const MIB = 1 << 20;

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
export async function buildFigures(withReference: boolean): Promise<Figure[]> {
  const scratch = mkdtempSync(join(tmpdir(), "berth-bench-builds-"));
  const docker = withReference ? await dockerWithBuildx(scratch) : undefined;
  const lab = await openSides(withReference, withReference ? await laterDockerDir() : undefined);
  try {
    const build: Build = async (side, folder) => {
      const [argv, config] =
        side.name === "dockerd" && docker !== undefined ? [docker.argv, docker.config] : [berthCommand(), {}];
      const spent = new ProcessorTime(() => side.pids());
      const start = performance.now();
      const client = Bun.spawn([...argv, "build", "-q", folder], {
        env: { ...process.env, ...cliEnvironment(side.engine.host), ...config },
        stdio: ["ignore", "ignore", "inherit"],
      });
      if ((await client.exited) !== 0) throw new Error(`${side.name}: the build of ${folder} failed`);
      const clock = performance.now() - start;
      // What an engine still does behind the answer is its work, too.
      await Bun.sleep(100);
      return { clock, processor: spent.ms() + Number(client.resourceUsage()?.cpuTime.total ?? 0) / 1000 };
    };
    return [
      ...(await steps(lab.sides, scratch, build)),
      ...(await copies(lab.sides, scratch, build)),
      ...(await large(lab.sides, scratch, build)),
    ];
  } finally {
    await lab.close();
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** The command line of docker 26.1 with buildx, unpacked, and what its environment needs to find the plugin. */
async function dockerWithBuildx(scratch: string): Promise<{ argv: string[]; config: Record<string, string> }> {
  const packages = await extractPackages("buildx", ["docker-cli", "docker-buildx"], await aptSuite("trixie"));
  const config = join(scratch, "config");
  mkdirSync(join(config, "cli-plugins"), { recursive: true });
  symlinkSync(
    join(packages, "usr/libexec/docker/cli-plugins/docker-buildx"),
    join(config, "cli-plugins/docker-buildx"),
  );
  return { argv: [join(packages, "usr/bin/docker")], config: { DOCKER_CONFIG: config, DOCKER_BUILDKIT: "1" } };
}

/** In turns, each side `rounds` times after one that does not count. */
async function taken(
  measure: string,
  sides: readonly Side[],
  rounds: number,
  act: (side: Side) => Promise<Taken>,
): Promise<Figure[]> {
  const samples = new Map<Side, Taken[]>(sides.map((side) => [side, []]));
  for (let round = -1; round < rounds; round++)
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
    const lines = Array.from({ length: 10 }, (_, step) => `RUN echo ${mark} > /step-${step}`);
    writeFileSync(join(folder, "Dockerfile"), ["FROM busybox", ...lines, ""].join("\n"));
  };
  const cold = await taken("ten RUN steps", sides, 5, (side) => {
    write();
    return build(side, folder);
  });
  for (const side of sides) await build(side, folder);
  return [...cold, ...(await taken("the same from the cache", sides, 9, (side) => build(side, folder)))];
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
  const cold = await taken(`COPY of ${FILES} new files`, sides, 3, (side) => {
    fill();
    return build(side, path);
  });
  const changed = await taken("the same with one file changed", sides, 3, (side) => {
    writeFileSync(join(path, "files", "0", "0"), `changed ${++count}`);
    return build(side, path);
  });
  for (const side of sides) await build(side, path);
  const unchanged = await taken("the same unchanged", sides, 7, (side) => build(side, path));
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

/** Bytes that processes have read so far, from files, pipes and sockets. */
function charactersRead(pids: readonly number[]): number {
  const of = (pid: number): number => Number(/^rchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, "utf8"))?.[1] ?? 0);
  return pids.map(of).reduce((sum, bytes) => sum + bytes, 0);
}
