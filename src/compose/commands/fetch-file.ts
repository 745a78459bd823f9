import { join } from "node:path";
import { BerthError } from "#base/errors.ts";
import type { CliIo } from "#cli/cli-io.ts";
import { registryAuth } from "#cli/image/registry-auth.ts";
import { parseReference } from "#spec/oci/reference.ts";
import { composeFileOf, filesOf, isIndex } from "../artifact/read-artifact.ts";
import { projectFileNames } from "../load/find-files.ts";
import { gitFile, ociName, type GitFile } from "../load/remote-files.ts";
import { cacheFolder } from "./cache-folder.ts";
import type { ComposeInvocation } from "./subcommand.ts";

/** Written when all of a folder is there: what was cut off is fetched again. */
const completeMark = ".berth-complete";

/**
 * A Compose file of a registry (`oci://…`) or a git repository, brought into the person's cache: its path there. What is asked
 * for by a commit or a digest is fetched once.
 */
export async function fetchFile(
  invocation: Pick<ComposeInvocation, "io" | "config" | "client" | "global">,
  address: string,
): Promise<string> {
  const cache = cacheFolder(invocation.io);
  const name = ociName(address);
  if (name !== undefined) {
    refuseSwitchedOff(invocation.io, "COMPOSE_EXPERIMENTAL_OCI_REMOTE", "OCI");
    return fromRegistry(invocation, name, cache);
  }
  const git = gitFile(address);
  if (git === undefined) throw new BerthError("invalid-parameter", `${address} is no address of a Compose file`);
  refuseSwitchedOff(invocation.io, "COMPOSE_EXPERIMENTAL_GIT_REMOTE", "git");
  return fromGit(invocation.io, address, git, cache);
}

function refuseSwitchedOff(io: CliIo, variable: string, what: string): void {
  if (/^(?:0|f|false)$/iu.test(io.env[variable] ?? ""))
    throw new BerthError("forbidden", `${what} remote resource is disabled by "${variable}"`);
}

async function fromRegistry(
  { io, config, client, global }: Pick<ComposeInvocation, "io" | "config" | "client" | "global">,
  name: string,
  cache: string,
): Promise<string> {
  const { domain } = parseReference(name);
  const options = {
    insecure: global.list("insecure-registry").includes(domain),
    registryAuth: await registryAuth(config, io, domain),
  };
  const { images } = await client();
  let artifact = await images.registryArtifact(name, options);
  if (isIndex(artifact)) {
    const repository = name.replace(/@.*$/u, "").replace(/:[^/]*$/u, "");
    artifact = await images.registryArtifact(`${repository}@${composeFileOf(artifact, name)}`, options);
  }
  const folder = join(cache, artifact.Digest.replace(":", "-"));
  if (!io.exists(join(folder, completeMark))) {
    for (const [file, content] of filesOf(artifact, name)) io.writeFile(join(folder, file), content, 0o600);
    io.writeFile(join(folder, completeMark), "", 0o600);
  }
  return join(folder, "compose.yaml");
}

async function fromGit(io: CliIo, address: string, git: GitFile, cache: string): Promise<string> {
  if (git.path.split("/").includes(".."))
    throw new BerthError("invalid-parameter", `${address}: the path leads out of the repository`);
  const commit = await commitOf(io, address, git);
  const folder = join(cache, commit);
  if (!io.exists(join(folder, ".git", completeMark))) {
    io.removeFolder(folder);
    await run(io, address, ["init", "-q", folder]);
    try {
      await run(io, address, ["-C", folder, "fetch", "-q", "--depth=1", "--", git.repository, commit]);
    } catch {
      // Not every server gives a commit by its name, or less than all.
      await run(io, address, ["-C", folder, "fetch", "-q", "--", git.repository, git.reference]);
    }
    await run(io, address, ["-C", folder, "checkout", "-q", commit]);
    io.writeFile(join(folder, ".git", completeMark), "", 0o600);
  }
  const path = join(folder, git.path);
  if (/\.ya?ml$/u.test(path) && io.exists(path)) return path;
  const file = projectFileNames.map((each) => join(path, each)).find((each) => io.exists(each));
  if (file !== undefined) return file;
  throw new BerthError("not-found", `${address}: no Compose file there`);
}

async function commitOf(io: CliIo, address: string, { repository, reference }: GitFile): Promise<string> {
  if (/^[0-9a-f]{40}$/u.test(reference)) return reference;
  const commit = (await run(io, address, ["ls-remote", "--", repository, reference])).slice(0, 40);
  if (/^[0-9a-f]{40}$/u.test(commit)) return commit;
  throw new BerthError("not-found", `${address}: the repository does not contain ${reference}`);
}

async function run(io: CliIo, address: string, words: readonly string[]): Promise<string> {
  // Nobody is there to type a password to git.
  const ended = await io.runProgram(["env", "GIT_TERMINAL_PROMPT=0", "git", ...words], "");
  if (ended?.exitCode === 0) return ended.stdout;
  const why = ended?.exitCode === 127 ? "git is not installed" : (ended?.stderr.trim() ?? "");
  throw new BerthError("unavailable", `failed to fetch ${address}: ${why}`);
}
