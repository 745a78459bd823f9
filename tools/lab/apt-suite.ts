import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { command, mustRun } from "./command.ts";
import { extractPackages } from "./extracted-packages.ts";
import { cacheDir } from "./paths.ts";
import { distributionReference, distributionSources } from "./test-images.ts";

/**
 * The docker CLI with Compose v2, unpacked: of Debian's suite after bookworm, and of Ubuntu's own suites, which have it under
 * other names. The folder that holds their file tree.
 */
export async function composePrograms(): Promise<string> {
  return distributionReference().repository === "ubuntu"
    ? extractPackages("compose-v2", ["docker.io", "docker-compose-v2"])
    : extractPackages("compose-v2", ["docker-cli", "docker-compose"], await aptSuite("trixie"));
}

/** dockerd 26.1 or newer with its containerd, unpacked: of the suite after bookworm, and of Ubuntu's own suites. */
export async function laterDockerDir(): Promise<string> {
  const options = distributionReference().repository === "ubuntu" ? [] : await aptSuite("trixie");
  return extractPackages("docker-later", ["docker.io", "containerd", "runc"], options);
}

/**
 * Options of apt-get for another suite of the machine's distribution than its own, from where the machine gets its own, with
 * lists of its own in the cache, which are fetched when they are not there. Nothing of it is installed.
 */
export function aptSuite(codename: string): Promise<readonly string[]> {
  const { tag } = distributionReference();
  return ownLists(codename, sourcesOfSuite(distributionSources(tag), tag, codename), []);
}

/** The same for packages of another architecture, by Debian's name, of the machine's own suite. */
export function aptArchitecture(architecture: string): Promise<readonly string[]> {
  const { repository, tag } = distributionReference();
  const sources = sourcesOfSuite(distributionSources(tag), tag, tag);
  // Ubuntu has other architectures than the common ones elsewhere.
  const place = (text: string): string =>
    repository === "ubuntu" ? text.replaceAll(/ \S+:\/\/\S+/gu, " http://ports.ubuntu.com/ubuntu-ports") : text;
  const only = ["-o", `APT::Architecture=${architecture}`, "-o", `APT::Architectures=${architecture}`];
  return ownLists(`${tag}-${architecture}`, place(sources), only);
}

async function ownLists(name: string, sources: string, more: readonly string[]): Promise<readonly string[]> {
  const root = join(cacheDir("packages"), `lists-${name}`);
  const options = [
    ...["-o", `Dir::Etc::sourcelist=${join(root, "sources.list")}`, "-o", "Dir::Etc::sourceparts=-"],
    ...["-o", `Dir::State::lists=${join(root, "lists")}`, "-o", `Dir::Cache=${join(root, "cache")}`],
    ...["-o", "APT::Sandbox::User=root", "-o", "Acquire::Languages=none"],
    ...["-o", "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false"],
    ...more,
  ];
  const fetched = join(root, "fetched");
  if (existsSync(fetched)) return options;
  for (const folder of ["lists/partial", "cache/archives/partial"]) mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, "sources.list"), sources);
  await mustRun(["apt-get", "update", ...options], { timeoutMs: 300_000 });
  writeFileSync(fetched, "");
  return options;
}

/** One-line entries of apt for the suite `wanted`, where `sources` have the suite `own`; its updates are left out. */
export function sourcesOfSuite(sources: string, own: string, wanted: string): string {
  const entry = /^(deb (?:\[[^\]]*\] )?\S+) (\S+) (.*)$/;
  const entries = sources.split("\n").flatMap((line) => {
    const [, before, suite, components] = entry.exec(line) ?? [];
    return suite === own ? [`${before} ${wanted} ${components}\n`] : [];
  });
  return entries.join("");
}

/** Names of all packages that `wanted` need beyond those that the dpkg status file `status` tells of. */
export async function missingPackages(wanted: readonly string[], status: string): Promise<readonly string[]> {
  const options = ["-o", `Dir::State::status=${status}`, "-o", `Dir::State::extended_states=${status}.extended`];
  const install = ["apt-get", "install", "--simulate", "--no-install-recommends", ...options, ...wanted];
  const { code, stdout, stderr } = await command(install);
  if (code !== 0) throw new Error(`apt-get: what ${wanted.join(", ")} need is not known:\n${stdout}${stderr}`);
  return [...stdout.matchAll(/^Inst (\S+)/gmu)].flatMap(([, name]) => name ?? []);
}
