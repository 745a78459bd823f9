import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mustRun } from "../tools/lab/command.ts";
import { berthCommand, cliEnvironment, referenceDir } from "../tools/lab/engines.ts";
import { inTurns, timed, type Figure } from "./measure.ts";
import type { Side } from "./sides.ts";

const FILES = 10_000;

/** The reference's two builders, by the command line of its own version. */
const builders = [
  { name: "BuildKit", variable: "1" },
  { name: "the classic builder", variable: "0" },
] as const;

/** Builds, whole commands: `berth build` beside each of the reference's builders. */
export async function buildFigures(sides: readonly Side[]): Promise<Figure[]> {
  const scratch = mkdtempSync(join(tmpdir(), "berth-bench-builds-"));
  const reference = sides.some(({ name }) => name === "dockerd") ? join(await referenceDir(), "usr/bin/docker") : "";
  const figures: Figure[] = [];
  try {
    for (const builder of builders) {
      const build = (side: Side, folder: string): Promise<string> => {
        const own = side.name === "berth" ? berthCommand() : [reference];
        const env = { ...cliEnvironment(side.engine.host), DOCKER_BUILDKIT: builder.variable };
        return mustRun([...own, "build", "-q", folder], { env });
      };
      figures.push(
        ...(await steps(sides, scratch, builder.name, build)),
        ...(await copies(sides, scratch, builder.name, build)),
      );
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return figures;
}

type Build = (side: Side, folder: string) => Promise<string>;

let count = 0;

async function steps(sides: readonly Side[], scratch: string, builder: string, build: Build): Promise<Figure[]> {
  const folder = join(scratch, `steps-${builder}`);
  mkdirSync(folder);
  const write = (): void => {
    const mark = ++count;
    const lines = Array.from({ length: 10 }, (_, step) => `RUN echo ${mark} > /step-${step}`);
    writeFileSync(join(folder, "Dockerfile"), ["FROM busybox", ...lines, ""].join("\n"));
  };
  const cold = await inTurns(`ten RUN steps, beside ${builder}`, "ms", sides, 5, (side) => {
    write();
    return timed(() => build(side, folder));
  });
  for (const side of sides) await build(side, folder);
  const cached = await inTurns(`the same from the cache, beside ${builder}`, "ms", sides, 9, (side) =>
    timed(() => build(side, folder)),
  );
  return [...cold, ...cached];
}

async function copies(sides: readonly Side[], scratch: string, builder: string, build: Build): Promise<Figure[]> {
  const folder = (): string => {
    const path = join(scratch, `copy-${++count}`);
    for (let index = 0; index < FILES; index++) {
      if (index % 100 === 0) mkdirSync(join(path, "files", String(index / 100)), { recursive: true });
      writeFileSync(
        join(path, "files", String(Math.floor(index / 100)), String(index)),
        `${count} ${index} `.repeat(300),
      );
    }
    writeFileSync(join(path, "Dockerfile"), "FROM busybox\nCOPY files /files\n");
    return path;
  };
  const cold = await inTurns(`COPY of ${FILES} new files, beside ${builder}`, "ms", sides, 3, async (side) => {
    const path = folder();
    const ms = await timed(() => build(side, path));
    rmSync(path, { recursive: true });
    return ms;
  });
  const path = folder();
  for (const side of sides) await build(side, path);
  const unchanged = await inTurns(`the same unchanged, beside ${builder}`, "ms", sides, 5, (side) =>
    timed(() => build(side, path)),
  );
  const changed = await inTurns(`the same with one file changed, beside ${builder}`, "ms", sides, 3, (side) => {
    writeFileSync(join(path, "files", "0", "0"), `changed ${++count}`);
    return timed(() => build(side, path));
  });
  return [...cold, ...changed, ...unchanged];
}
