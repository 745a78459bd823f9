import { BerthError, cancelled } from "#base/errors.ts";
import { openInRoot } from "#host/files/rooted-path.ts";
import { withFd } from "#host/files/files.ts";
import { O_DIRECTORY, O_PATH } from "#host/kernel/linux.ts";
import { spawnProcess } from "#host/processes/process.ts";
import { removeTree } from "#host/tree/remove-tree.ts";
import { open } from "#host/kernel/syscalls.ts";
import { evaluateInRoot } from "#host/tree/container-path.ts";
import type { GitSource } from "../graph/types.ts";
import { gitAuthorization, type SourceCredentials } from "./credentials.ts";

const MAX_MESSAGE = 4096;

export interface GitOptions {
  readonly signal: AbortSignal;
  readonly credentials: SourceCredentials;
  /** What git says meanwhile. */
  readonly onOutput: (bytes: Uint8Array) => void;
}

/**
 * The commit that a source's ref names now, without fetching it; `directory` is where git finds no configuration. Undefined
 * for what only the whole repository tells: part of a commit's id. `invalid-parameter` for another commit than the checksum.
 */
export async function resolveCommit(
  source: GitSource,
  directory: string,
  options: GitOptions,
): Promise<string | undefined> {
  refuseOptions(source);
  if (/^[0-9a-f]{40}$/.test(source.ref)) return checked(source, source.ref);
  const ref = source.ref === "" ? "HEAD" : source.ref;
  const asked = ["ls-remote", "--quiet", "--", source.remote, ref, `${ref}^{}`];
  const listed = await runGit(asked, source.remote, directory, options);
  const commits = new Map(listed.split("\n").map((line) => [line.slice(41), line.slice(0, 40)] as const));
  // In the order of gitrevisions(7); a tag of its own has the commit behind it.
  const names = [ref, `refs/${ref}`, `refs/tags/${ref}`, `refs/heads/${ref}`];
  const name = names.find((candidate) => commits.has(candidate));
  const commit = name === undefined ? undefined : (commits.get(`${name}^{}`) ?? commits.get(name));
  return commit === undefined ? undefined : checked(source, commit);
}

/**
 * Fetch a repository into a folder below `directory`; the path of the tree asked for. `commit`: what its ref was resolved to.
 * The machine's git is run without anybody's configuration, hooks and helpers, and never asks for anything.
 * `invalid-parameter` in git's words.
 */
export async function cloneRepository(
  source: GitSource,
  commit: string | undefined,
  directory: string,
  options: GitOptions,
): Promise<string> {
  refuseOptions(source);
  const path = `${directory}/tree`;
  const git = (...args: readonly string[]): Promise<string> => runGit(args, source.remote, directory, options);
  await git("init", "--quiet", path);
  const inTree = (...args: readonly string[]): Promise<string> => git("-C", path, ...args);
  await inTree("remote", "add", "origin", "--", source.remote);
  const fetched = checked(source, await fetchRef(source, inTree));
  if (commit !== undefined && fetched !== commit)
    throw new BerthError("invalid-parameter", `${source.remote}#${source.ref} changed while it was being fetched`);
  await inTree("checkout", "--quiet", "--detach", fetched);
  if (source.submodules) await inTree("submodule", "update", "--quiet", "--init", "--recursive", "--depth=1");
  if (!source.keepGitDirectory) await removeTree(`${path}/.git`);
  return source.subdirectory === "" ? path : subdirectory(path, source.subdirectory);
}

/** A build's context at a git address, `#ref:folder` at its end. */
export function contextSource(url: string, keepGitDirectory: boolean): GitSource {
  const [address = "", fragment = ""] = url.split("#", 2);
  const colon = fragment.indexOf(":");
  const remote = address.startsWith("github.com/") ? `https://${address}` : address;
  return {
    kind: "git",
    remote,
    ref: colon < 0 ? fragment : fragment.slice(0, colon),
    subdirectory: colon < 0 ? "" : fragment.slice(colon + 1),
    keepGitDirectory,
    checksum: undefined,
    submodules: true,
  };
}

function refuseOptions({ remote, ref }: GitSource): void {
  if (remote.startsWith("-") || ref.startsWith("-"))
    throw new BerthError("invalid-parameter", `invalid git reference ${remote}#${ref}`);
}

function checked({ checksum }: GitSource, commit: string): string {
  if (checksum === undefined || commit.startsWith(checksum)) return commit;
  throw new BerthError("invalid-parameter", `expected checksum to match ${checksum}, got ${commit}`);
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
  remote: string,
  home: string,
  { signal, credentials, onOutput }: GitOptions,
): Promise<string> {
  const child = spawn(args, home, credentials.agent, withHeader(gitAuthorization(remote, credentials), remote));
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
    if (signal.aborted) throw cancelled();
    if (exitCode === 0) return Buffer.concat(parts).toString("utf8");
    throw new BerthError("invalid-parameter", `git ${verbOf(args)} failed: ${message.trim()}`);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** The first word that is neither an option nor an option's value. */
function verbOf(args: readonly string[]): string {
  return args.find((word, index) => !word.startsWith("-") && !["-C", "-c"].includes(args[index - 1] ?? "")) ?? "";
}

/** Hosts that the machine knows have to be those; others are taken as they come, as by BuildKit. */
const SSH = [
  "ssh -F /dev/null",
  ...["BatchMode=yes", "StrictHostKeyChecking=accept-new", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR"].map(
    (option) => `-o ${option}`,
  ),
].join(" ");

/** For what lies at the remote's own host alone, and where no list of processes shows it. See git-config(1), http.<url>.*. */
function withHeader(authorization: string | undefined, remote: string): Readonly<Record<string, string>> {
  if (authorization === undefined) return {};
  return {
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: `http.${new URL(remote).origin}/.extraHeader`,
    GIT_CONFIG_VALUE_0: `Authorization: ${authorization}`,
  };
}

function spawn(
  args: readonly string[],
  home: string,
  agent: string | undefined,
  headers: Readonly<Record<string, string>>,
): ReturnType<typeof spawnProcess> {
  try {
    return spawnProcess({
      file: "git",
      args: ["-c", "core.hooksPath=/dev/null", ...args],
      env: {
        PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        HOME: home,
        GIT_CONFIG_NOSYSTEM: "1",
        GIT_TERMINAL_PROMPT: "0",
        GIT_SSH_COMMAND: SSH,
        GIT_ALLOW_PROTOCOL: "http:https:git:ssh",
        ...(agent === undefined ? {} : { SSH_AUTH_SOCK: agent }),
        ...headers,
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
