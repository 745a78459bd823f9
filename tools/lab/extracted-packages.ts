import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { command, mustRun } from "./command.ts";
import { cacheDir } from "./paths.ts";
import { refreshPackageLists } from "./system-packages.ts";

/**
 * Fetch packages with apt-get and unpack them into the cache, without installing them: no service of theirs is set up
 * or started on this machine. Returns the folder that holds their file tree. `set` names the folder. `options` are
 * apt-get's, of another suite.
 */
export async function extractPackages(
  set: string,
  names: readonly string[],
  options: readonly string[] = [],
): Promise<string> {
  const root = join(cacheDir("packages"), set);
  if (existsSync(root)) return root;
  console.log(`Fetching ${names.join(", ")} (unpacked into the cache, not installed)`);
  const work = `${root}.partial`;
  rmSync(work, { recursive: true, force: true });
  mkdirSync(join(work, "root"), { recursive: true });
  const fetch = ["apt-get", "download", "-o", "APT::Sandbox::User=root", ...options, ...names];
  if ((await command(fetch, { cwd: work, timeoutMs: 900_000 })).code !== 0) {
    await refreshPackageLists();
    await mustRun(fetch, { cwd: work, timeoutMs: 900_000 });
  }
  for (const file of readdirSync(work).filter((name) => name.endsWith(".deb"))) {
    await mustRun(["dpkg", "-x", join(work, file), join(work, "root")]);
  }
  renameSync(join(work, "root"), root);
  rmSync(work, { recursive: true, force: true });
  return root;
}
