#!/usr/bin/env bun
/** Generates native/ops.h from the plan's table and compiles the shim into the static executable dist/berth-shim. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";

import { generateOpsHeader } from "../src/runtime/plan/generate-ops-header.ts";

const root = new URL("..", import.meta.url).pathname;
const header = `${root}native/ops.h`;

/** All of the shim but `main`; the fuzz driver of tests/fuzz links single files of it. */
export const shimSources = [
  "shim",
  "monitor",
  "init",
  "spawn",
  "prepare",
  "mounts",
  "root",
  "copy",
  "process",
  "hook",
  "adopt",
  "log",
  "log_json",
  "reaper",
  "plan",
  "failure",
];

export const shimFlags = [
  ...["-std=c11", "-D_GNU_SOURCE", "-O2"],
  ...["-Wall", "-Wextra", "-Werror", "-Wshadow", "-Wvla", "-Wstrict-prototypes"],
  ...["-fstack-protector-strong", "-D_FORTIFY_SOURCE=2", "-ffunction-sections", "-fdata-sections"],
];

/** True when native/ops.h is what the table says. */
export function opsHeaderIsCurrent(): boolean {
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
      ...shimSources.map((name) => `${root}native/${name}.c`),
    ],
    { stdout: "inherit", stderr: "inherit" },
  );
  if (!result.success) throw new Error(`${compiler} failed with exit code ${result.exitCode}`);
  renameSync(temporary, output);
}

if (import.meta.main) buildShim();
