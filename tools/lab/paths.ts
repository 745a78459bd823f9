import { existsSync, mkdirSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The project's folder. */
export const projectDir = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Downloads and built test images, kept between runs; safe to delete. */
export function cacheDir(...parts: string[]): string {
  const dir = join(projectDir, ".cache", ...parts);
  mkdirSync(dir, { recursive: true });
  return dir;
}

/** The first file called `name` in `PATH` and the folders where root's programs live, or undefined. */
export function findProgram(name: string): string | undefined {
  return [...(process.env["PATH"] ?? "").split(delimiter), "/usr/local/sbin", "/usr/sbin", "/sbin"]
    .filter((dir) => dir !== "")
    .map((dir) => join(dir, name))
    .find((path) => existsSync(path));
}
