import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mustRun } from "../../../tools/lab/command.ts";
import { cacheDir, projectDir } from "../../../tools/lab/paths.ts";

const source = join(projectDir, "tests/engine/object-store");

/** The S3 server's folder in the cache, at the versions of the lock file; nothing is done when they are there. */
export async function installStore(): Promise<string> {
  const target = cacheDir("object-store");
  const lock = readFileSync(join(source, "package-lock.json"), "utf8");
  const stamp = join(target, "installed");
  if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== lock) {
    for (const name of ["package.json", "package-lock.json"]) cpSync(join(source, name), join(target, name));
    await mustRun(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: target, timeoutMs: 900_000 });
    writeFileSync(stamp, lock);
  }
  cpSync(join(source, "serve.mjs"), join(target, "serve.mjs"));
  return target;
}
