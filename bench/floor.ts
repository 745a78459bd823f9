import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mustRun } from "../tools/lab/command.ts";
import { findProgram } from "../tools/lab/paths.ts";
import { makeScratch, removeScratch } from "../tools/lab/scratch.ts";
import { median, timed, type Figure } from "./measure.ts";

/** The column of figures that are nobody's: they tell how fast the machine is. */
export const MACHINE = "machine";

const ROUNDS = 25;

/**
 * What nobody can be faster than: a process in namespaces and a root of its own, without an engine; and the start of a
 * program that this runtime was compiled into, and that does nothing.
 */
export async function floorFigures(): Promise<Figure[]> {
  const dir = makeScratch("floor");
  try {
    return [
      figure("a bare process in all namespaces, on an overlay", await bareContainers(dir)),
      figure("an empty compiled program", await emptyPrograms(dir)),
    ];
  } finally {
    removeScratch(dir);
  }
}

async function bareContainers(dir: string): Promise<readonly number[]> {
  const program = join(dir, "floor");
  await mustRun([process.env["CC"] ?? "cc", "-O2", "-o", program, join(import.meta.dir, "floor.c")]);
  for (const name of ["lower", "upper", "work", "root"]) mkdirSync(join(dir, name));
  // busybox is whatever it is called by.
  copyFileSync(findProgram("busybox") ?? "", join(dir, "lower/true"));
  chmodSync(join(dir, "lower/true"), 0o755);
  return (await mustRun([program, dir, String(ROUNDS)])).trim().split("\n").map(Number);
}

async function emptyPrograms(dir: string): Promise<readonly number[]> {
  const [source, program] = [join(dir, "empty.ts"), join(dir, "empty")];
  writeFileSync(source, "");
  await mustRun([process.execPath, "build", "--compile", "--bytecode", "--outfile", program, source], { cwd: dir });
  const samples: number[] = [];
  for (let round = 0; round < ROUNDS; round++) samples.push(await timed(() => Bun.spawn([program]).exited));
  return samples;
}

const figure = (measure: string, samples: readonly number[]): Figure => ({
  measure,
  unit: "ms",
  side: MACHINE,
  value: median(samples),
  samples,
});
