import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { command, mustRun } from "./command.ts";
import { cacheDir } from "./paths.ts";

/**
 * Options of apt-get for another suite of Debian than the machine's own, with lists of its own in the cache, which are
 * fetched when they are not there. Nothing of it is installed.
 */
export async function aptSuite(codename: string): Promise<readonly string[]> {
  const root = join(cacheDir("packages"), `lists-${codename}`);
  const options = [
    ...["-o", `Dir::Etc::sourcelist=${join(root, "sources.list")}`, "-o", "Dir::Etc::sourceparts=-"],
    ...["-o", `Dir::State::lists=${join(root, "lists")}`, "-o", `Dir::Cache=${join(root, "cache")}`],
    ...["-o", "APT::Sandbox::User=root", "-o", "Acquire::Languages=none"],
    ...["-o", "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false"],
  ];
  const fetched = join(root, "fetched");
  if (existsSync(fetched)) return options;
  for (const folder of ["lists/partial", "cache/archives/partial"]) mkdirSync(join(root, folder), { recursive: true });
  const key = "/usr/share/keyrings/debian-archive-keyring.gpg";
  writeFileSync(join(root, "sources.list"), `deb [signed-by=${key}] http://deb.debian.org/debian ${codename} main\n`);
  await mustRun(["apt-get", "update", ...options], { timeoutMs: 300_000 });
  writeFileSync(fetched, "");
  return options;
}

/** Names of all packages that `wanted` need beyond those that the dpkg status file `status` tells of. */
export async function missingPackages(wanted: readonly string[], status: string): Promise<readonly string[]> {
  const options = ["-o", `Dir::State::status=${status}`, "-o", `Dir::State::extended_states=${status}.extended`];
  const install = ["apt-get", "install", "--simulate", "--no-install-recommends", ...options, ...wanted];
  const { code, stdout, stderr } = await command(install);
  if (code !== 0) throw new Error(`apt-get: what ${wanted.join(", ")} need is not known:\n${stdout}${stderr}`);
  return [...stdout.matchAll(/^Inst (\S+)/gmu)].flatMap(([, name]) => name ?? []);
}
