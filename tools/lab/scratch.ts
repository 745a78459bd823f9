import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A short-named private folder (unix socket paths are limited to 107 bytes). */
export function makeScratch(name: string): string {
  return mkdtempSync(join(tmpdir(), `berth-${name}-`));
}

export function removeScratch(path: string): void {
  rmSync(path, { recursive: true, force: true });
}
