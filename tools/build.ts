#!/usr/bin/env bun
/**
 * Builds what runs: the native parts and, unless `--native-only`, the one executable `dist/berth` with its other names.
 *
 *   dist/berth-sys.base64   the syscall addon    dist/berth-shim   the container monitor, static
 *   dist/berth          the program, with both inside        dist/berthd, dist/berth-runtime -> berth
 */
import { renameSync, rmSync, statSync, symlinkSync } from "node:fs";

import packageJson from "../package.json" with { type: "json" };
import { shortLived } from "../src/host/jit-policy.ts";
import { buildAddon } from "./build-addon.ts";
import { buildShim } from "./build-shim.ts";
import { sourceFacts } from "./source-facts.ts";

const root = new URL("..", import.meta.url).pathname;
const dist = `${root}dist`;

/**
 * Bytecode, because parsing the program costs more than starting it; split at its dynamic imports, because otherwise the
 * smallest command would pay for the whole (measured with 293 modules, `--version`: 5 ms, without splitting 15, without
 * both 71). What runs once is not worth compiling: see jit-policy.ts. Nothing is loaded from the directory it is started
 * in: no .env, no bunfig.toml, no tsconfig.json or package.json.
 */
async function buildExecutable(): Promise<void> {
  const source = sourceFacts(root);
  const temporary = `${dist}/berth.${process.pid}.tmp`;
  try {
    const result = await Bun.build({
      entrypoints: [`${root}src/main/berth.ts`],
      target: "bun",
      format: "esm",
      minify: true,
      bytecode: true,
      splitting: true,
      sourcemap: "none",
      define: {
        "process.env.NODE_ENV": '"production"',
        BERTH_VERSION: JSON.stringify(packageJson.version),
        BERTH_GIT_COMMIT: JSON.stringify(source.commit),
        BERTH_BUILD_TIME: JSON.stringify(source.time),
      },
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
