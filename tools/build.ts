#!/usr/bin/env bun
/**
 * Builds what runs: the native parts and, unless `--native-only`, the one executable `dist/berth` with its other names.
 *
 *   dist/berth-sys.base64   the syscall addon    dist/berth-shim   the container monitor, static
 *   dist/berth          the program, with both inside        dist/berthd, dist/berth-runtime -> berth
 */
import { renameSync, rmSync, statSync, symlinkSync } from "node:fs";

import { shortLived } from "../src/host/program/jit-policy.ts";
import { buildAddon } from "./build-addon.ts";
import { buildShim } from "./build-shim.ts";
import { programBuild } from "./program-build.ts";

const root = new URL("..", import.meta.url).pathname;
const dist = `${root}dist`;

/**
 * Bytecode, because parsing the program costs more than starting it. What runs once is not worth compiling: see
 * jit-policy.ts. Nothing is loaded from the directory it is started in: no .env, no bunfig.toml, no tsconfig.json or
 * package.json.
 */
async function buildExecutable(): Promise<void> {
  const temporary = `${dist}/berth.${process.pid}.tmp`;
  try {
    const result = await Bun.build({
      ...programBuild(root),
      bytecode: true,
      compile: {
        outfile: temporary,
        jitPolicy: shortLived,
        autoloadDotenv: false,
        autoloadBunfig: false,
        autoloadTsconfig: false,
        autoloadPackageJson: false,
      },
    });
    for (const message of result.logs) console.error(message.message);
    if (!result.success) throw new Error("the executable could not be built");
    renameSync(temporary, `${dist}/berth`);
  } finally {
    rmSync(temporary, { force: true });
  }
  for (const name of ["berthd", "berth-runtime"]) {
    rmSync(`${dist}/${name}`, { force: true });
    symlinkSync("berth", `${dist}/${name}`);
  }
  console.log(`dist/berth ${(statSync(`${dist}/berth`).size / 1e6).toFixed(0)} MB`);
}

buildAddon();
buildShim();
if (!process.argv.includes("--native-only")) await buildExecutable();
