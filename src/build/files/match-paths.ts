import { globMatch } from "#base/glob.ts";
import { SyscallError } from "#host/kernel/errno.ts";
import { withFd } from "#host/files/files.ts";
import { O_DIRECTORY, O_PATH, O_RDONLY } from "#host/kernel/linux.ts";
import { openInRoot } from "#host/files/rooted-path.ts";
import { readDirectory } from "#host/kernel/syscalls.ts";
import { byteString, kernelPath, type ByteString } from "#spec/tar/byte-string.ts";

/** Paths of a tree that somebody wants left out; see base/ignore-patterns.ts. Paths are relative. */
export interface Ignored {
  excludes(path: string): boolean;
  mayHoldExceptions(directory: string): boolean;
}

/**
 * The paths that a source of COPY names: itself without wildcards, else what matches by Go's filepath.Match, and `**` for
 * any number of folders, in the order of their names' bytes. Cleaned, without the slash in front. What is ignored does
 * not match. Paths that are not there stay out.
 */
export function matchPaths(rootFd: number, pattern: string, ignored: Ignored | undefined): readonly ByteString[] {
  const parts = bytes(pattern)
    .split("/")
    .filter((part) => part !== "" && part !== ".");
  return within(rootFd, "", parts, ignored);
}

export function hasWildcards(path: string): boolean {
  return /[*?[\\]/.test(path);
}

function within(
  rootFd: number,
  at: ByteString,
  parts: readonly ByteString[],
  ignored: Ignored | undefined,
): ByteString[] {
  const [part, ...rest] = parts;
  if (part === undefined) return isThere(rootFd, at) && !isIgnored(at, ignored) ? [at] : [];
  if (!hasWildcards(part)) return within(rootFd, join(at, part), rest, ignored);
  const names = list(rootFd, at);
  if (part === "**") {
    const deeper = names.flatMap((name) =>
      isFolder(rootFd, join(at, name)) ? within(rootFd, join(at, name), parts, ignored) : [],
    );
    return [...new Set([...within(rootFd, at, rest, ignored), ...deeper])];
  }
  const pattern = text(part);
  return names
    .filter((name) => globMatch(pattern, text(name)))
    .flatMap((name) => within(rootFd, join(at, name), rest, ignored));
}

function isIgnored(path: ByteString, ignored: Ignored | undefined): boolean {
  if (ignored === undefined || path === "" || !ignored.excludes(text(path))) return false;
  return !ignored.mayHoldExceptions(text(path));
}

/** Does this lead somewhere? Links are followed, and never out of the tree. */
function isThere(rootFd: number, path: ByteString): boolean {
  return opens(rootFd, path, O_PATH);
}

function isFolder(rootFd: number, path: ByteString): boolean {
  return opens(rootFd, path, O_PATH | O_DIRECTORY);
}

function opens(rootFd: number, path: ByteString, flags: number): boolean {
  try {
    return withFd(openInRoot(rootFd, kernelPath(path === "" ? "." : path), flags), () => true);
  } catch (error) {
    if (error instanceof SyscallError) return false;
    throw error;
  }
}

function list(rootFd: number, path: ByteString): readonly ByteString[] {
  try {
    return withFd(openInRoot(rootFd, kernelPath(path === "" ? "." : path), O_RDONLY | O_DIRECTORY), readDirectory)
      .map(({ name }) => byteString(name))
      .toSorted(byBytes);
  } catch (error) {
    if (error instanceof SyscallError && (error.code === "ENOENT" || error.code === "ENOTDIR")) return [];
    throw error;
  }
}

export const byBytes = (a: ByteString, b: ByteString): number => (a < b ? -1 : a > b ? 1 : 0);
export const join = (parent: ByteString, name: ByteString): ByteString => (parent === "" ? name : `${parent}/${name}`);
// oxlint-disable-next-line no-control-regex -- the range is all of ASCII
const ASCII = /^[\x00-\x7f]*$/;
export const text = (name: ByteString): string =>
  ASCII.test(name) ? name : Buffer.from(name, "latin1").toString("utf8");
export const bytes = (name: string): ByteString => Buffer.from(name, "utf8").toString("latin1");
