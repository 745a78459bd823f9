#!/usr/bin/env bun
/**
 * Builds what runs: the native parts and, unless `--native-only`, the one executable `dist/berth` with its other names.
 *
 *   dist/berth-sys.base64   the syscall addon    dist/berth-shim   the container monitor, static
 *   dist/berth          the program, with both inside        dist/berthd, dist/berth-runtime -> berth
 */
import { mkdtempSync, renameSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { buildAddon } from "./build-addon.ts";
import { buildShim } from "./build-shim.ts";
import { programBuild } from "./program-build.ts";
import { recordStartups } from "./startup-profile.ts";

const root = new URL("..", import.meta.url).pathname;
const dist = `${root}dist`;

/** Twice: the first shows which of its code belongs at the front. */
async function buildExecutable(): Promise<void> {
  const temporary = `${dist}/berth.${process.pid}.tmp`;
  const directory = mkdtempSync(join(tmpdir(), "berth-build-"));
  try {
    await bundle(temporary, []);
    await bundle(temporary, await recordStartups(temporary, directory));
    renameSync(temporary, `${dist}/berth`);
  } finally {
    rmSync(temporary, { force: true });
    rmSync(directory, { force: true, recursive: true });
  }
  for (const name of ["berthd", "berth-runtime"]) {
    rmSync(`${dist}/${name}`, { force: true });
    symlinkSync("berth", `${dist}/${name}`);
  }
  console.log(`dist/berth ${(statSync(`${dist}/berth`).size / 1e6).toFixed(0)} MB`);
}

async function bundle(outfile: string, startups: readonly string[]): Promise<void> {
  const result = await Bun.build(programBuild(root, outfile, startups));
  for (const message of result.logs) console.error(message.message);
  if (!result.success) throw new Error("the executable could not be built");
}

buildAddon();
buildShim();
if (!process.argv.includes("--native-only")) await buildExecutable();
