#!/usr/bin/env bun
/** Generates native/shim/ops.h from the plan's table and compiles the shim into the static executable dist/berth-shim. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";

import { generateOpsHeader } from "../src/runtime/plan/generate-ops-header.ts";

const root = new URL("..", import.meta.url).pathname;
const sources = `${root}native/shim`;
const header = `${sources}/ops.h`;

const shimFlags = [
  ...["-std=c11", "-D_GNU_SOURCE", "-O2"],
  ...["-Wall", "-Wextra", "-Werror", "-Wshadow", "-Wvla", "-Wstrict-prototypes"],
  ...["-fstack-protector-strong", "-D_FORTIFY_SOURCE=2", "-ffunction-sections", "-fdata-sections"],
];

/** True when native/shim/ops.h is what the table says. */
function opsHeaderIsCurrent(): boolean {
  return readFileSync(header, "utf8") === generateOpsHeader();
}

export function buildShim(): void {
  const compiler = process.env["CC"] ?? "cc";
  const output = `${root}dist/berth-shim`;
  const temporary = `${output}.${process.pid}`;
  mkdirSync(`${root}dist`, { recursive: true });
  if (!existsSync(header) || !opsHeaderIsCurrent()) writeFileSync(header, generateOpsHeader());
  const result = Bun.spawnSync(
    [
      compiler,
      ...shimFlags,
      ...["-static", "-s", "-Wl,--gc-sections", "-Wl,-z,relro,-z,now,-z,noexecstack"],
      ...["-o", temporary],
      ...readdirSync(sources)
        .filter((name) => name.endsWith(".c"))
        .map((name) => `${sources}/${name}`),
    ],
    { stdout: "inherit", stderr: "inherit" },
  );
  if (!result.success) throw new Error(`${compiler} failed with exit code ${result.exitCode}`);
  renameSync(temporary, output);
}

if (import.meta.main) buildShim();
