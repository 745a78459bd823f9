import { BerthError } from "#base/errors.ts";
import { openInRoot } from "#host/rooted-path.ts";
import { withFd } from "#host/files.ts";
import { O_DIRECTORY, O_PATH } from "#host/linux.ts";
import { spawnProcess } from "#host/process.ts";
import { removeTree } from "#host/remove-tree.ts";
import { open } from "#host/syscalls.ts";
import { evaluateInRoot } from "#host/tree/container-path.ts";
import type { GitSource } from "../graph/types.ts";

const MAX_MESSAGE = 4096;

/**
 * Fetch a repository at a ref into a folder below the empty directory `directory`; the path of the tree asked for. The
 * machine's git is run without anybody's configuration, hooks and helpers, and never asks for anything. `invalid-parameter`
 * in git's words.
 */
export async function cloneRepository(
  source: GitSource,
  directory: string,
  signal: AbortSignal,
  onOutput: (bytes: Uint8Array) => void,
): Promise<string> {
  const path = `${directory}/tree`;
  const git = (...args: readonly string[]): Promise<string> => runGit(args, directory, signal, onOutput);
  if (source.remote.startsWith("-") || source.ref.startsWith("-"))
    throw new BerthError("invalid-parameter", `invalid git reference ${source.remote}#${source.ref}`);
  await git("init", "--quiet", path);
  const inTree = (...args: readonly string[]): Promise<string> => git("-C", path, ...args);
  await inTree("remote", "add", "origin", "--", source.remote);
  const commit = await fetchRef(source, inTree);
  if (source.checksum !== undefined && !commit.startsWith(source.checksum))
    throw new BerthError("invalid-parameter", `expected checksum to match ${source.checksum}, got ${commit}`);
  await inTree("checkout", "--quiet", "--detach", commit);
  if (source.submodules) await inTree("submodule", "update", "--quiet", "--init", "--recursive", "--depth=1");
  if (!source.keepGitDirectory) await removeTree(`${path}/.git`);
  return source.subdirectory === "" ? path : subdirectory(path, source.subdirectory);
}

/** A build's context at a git address, `#ref:folder` at its end, below the directory `directory`. */
export function cloneAddress(url: string, directory: string, signal: AbortSignal): Promise<string> {
  const [address = "", fragment = ""] = url.split("#", 2);
  const colon = fragment.indexOf(":");
  const remote = address.startsWith("github.com/") ? `https://${address}` : address;
  const source: GitSource = {
    kind: "git",
    remote,
    ref: colon < 0 ? fragment : fragment.slice(0, colon),
    subdirectory: colon < 0 ? "" : fragment.slice(colon + 1),
    keepGitDirectory: false,
    checksum: undefined,
    submodules: true,
  };
  return cloneRepository(source, directory, signal, () => {});
}

/** A commit cannot be fetched from every server: then everything is. */
async function fetchRef(source: GitSource, git: (...args: readonly string[]) => Promise<string>): Promise<string> {
  const ref = source.ref === "" ? "HEAD" : source.ref;
  try {
    await git("fetch", "--quiet", "--depth=1", "--no-tags", "origin", "--", ref);
  } catch (error) {
    if (!/^[0-9a-f]{7,40}$/.test(ref)) throw error;
    await git("fetch", "--quiet", "--tags", "origin");
    return (await git("rev-parse", "--verify", `${ref}^{commit}`)).trim();
  }
  return (await git("rev-parse", "--verify", "FETCH_HEAD^{commit}")).trim();
}

function subdirectory(root: string, path: string): string {
  return withFd(open(root, O_PATH | O_DIRECTORY), (rootFd) => {
    const inside = evaluateInRoot(rootFd, `/${path}`);
    try {
      withFd(openInRoot(rootFd, inside, O_PATH | O_DIRECTORY), () => {});
    } catch (error) {
      throw new BerthError("invalid-parameter", `the repository has no folder ${path}`, { cause: error });
    }
    return `${root}${inside}`;
  });
}

async function runGit(
  args: readonly string[],
  home: string,
  signal: AbortSignal,
  onOutput: (bytes: Uint8Array) => void,
): Promise<string> {
  const child = spawn(args, home);
  const stop = (): void => child.signal(9);
  signal.addEventListener("abort", stop, { once: true });
  try {
    let message = "";
    const errors = (async () => {
      for await (const bytes of (child.stderr ?? []) as AsyncIterable<Uint8Array>) {
        onOutput(bytes);
        message = (message + new TextDecoder().decode(bytes)).slice(-MAX_MESSAGE);
      }
    })();
    const parts: Uint8Array[] = [];
    for await (const bytes of (child.stdout ?? []) as AsyncIterable<Uint8Array>) parts.push(bytes);
    await errors;
    const { exitCode } = await child.exited;
    if (signal.aborted) throw new BerthError("cancelled", "context canceled");
    if (exitCode === 0) return Buffer.concat(parts).toString("utf8");
    throw new BerthError(
      "invalid-parameter",
      `git ${args.find((word) => !word.startsWith("-")) ?? ""} failed: ${message.trim()}`,
    );
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

function spawn(args: readonly string[], home: string): ReturnType<typeof spawnProcess> {
  try {
    return spawnProcess({
      file: "git",
      args: ["-c", "core.hooksPath=/dev/null", ...args],
      env: {
        PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        HOME: home,
        GIT_CONFIG_NOSYSTEM: "1",
        GIT_TERMINAL_PROMPT: "0",
        GIT_SSH_COMMAND: "ssh -o BatchMode=yes",
        GIT_ALLOW_PROTOCOL: "http:https:git:ssh",
      },
      stdout: "pipe",
      stderr: "pipe",
    });
  } catch (error) {
    throw new BerthError(
      "not-implemented",
      "sources in git repositories need the program git on the engine's machine",
      {
        cause: error,
      },
    );
  }
}
