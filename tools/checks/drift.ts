import { readFileSync } from "node:fs";
import { join } from "node:path";
import { configurationDocument } from "../../src/main/daemon/options/configuration-document.ts";
import { generateOpsHeader } from "../../src/runtime/plan/generate-ops-header.ts";
import { projectDir } from "../lab/paths.ts";

/** A checked-in file and what its generator gives now. */
export interface GeneratedFile {
  readonly path: string;
  readonly generate: () => string;
  /** What writes it. */
  readonly command: string;
}

/**
 * Every generated file whose sources are in this project. `src/runtime/seccomp/syscall-numbers.ts` is not here: it
 * comes from headers of other architectures that are not on every machine.
 */
export const generatedFiles: readonly GeneratedFile[] = [
  { path: "native/shim/ops.h", generate: generateOpsHeader, command: "npm run build:native" },
  {
    path: "docs/configuration.md",
    generate: configurationDocument,
    command: "node tools/start.mjs tools/generate-configuration-document.ts",
  },
];

/** One line for every file that differs from what its generator gives. */
export function driftOf(files: readonly GeneratedFile[], root = projectDir): string[] {
  return files
    .filter((file) => readFileSync(join(root, file.path), "utf8") !== file.generate())
    .map((file) => `${file.path} is not what its generator gives: run ${file.command} and commit it`);
}
