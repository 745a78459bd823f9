#!/usr/bin/env bun
/**
 * Compiles native/addon with the system's C compiler into dist/berth-sys.base64 (zstd inside), which src/host/kernel/addon.ts
 * imports: small, because every command of the executable reads it.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";

const root = new URL("..", import.meta.url).pathname;

const sources = (): readonly string[] =>
  readdirSync(`${root}native/addon`)
    .filter((name) => name.endsWith(".c"))
    .map((name) => `${root}native/addon/${name}`);

export function buildAddon(): void {
  const compiler = process.env["CC"] ?? "cc";
  const output = `${root}dist/berth-sys.base64`;
  const temporary = `${output}.${process.pid}`;
  mkdirSync(`${root}dist`, { recursive: true });
  const result = Bun.spawnSync(
    [
      compiler,
      ...["-std=gnu11", "-O2", "-fPIC", "-shared", "-pthread"],
      ...["-Wall", "-Wextra", "-Werror", "-Wshadow", "-Wvla"],
      ...["-fvisibility=hidden", "-fstack-protector-strong", "-Wl,-z,relro,-z,now,-z,noexecstack", "-s"],
      ...["-I", `${root}node_modules/node-api-headers/include`],
      ...["-o", temporary, ...sources()],
    ],
    { stdout: "inherit", stderr: "inherit" },
  );
  if (!result.success) throw new Error(`${compiler} failed with exit code ${result.exitCode}`);
  const packed = Bun.zstdCompressSync(readFileSync(temporary), { level: 19 });
  writeFileSync(temporary, packed.toString("base64"));
  renameSync(temporary, output);
}

if (import.meta.main) buildAddon();
