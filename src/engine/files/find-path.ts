import { BerthError } from "#base/errors.ts";
import { formatTime } from "#base/time.ts";
import { SyscallError } from "#host/kernel/errno.ts";
import { O_NOFOLLOW, O_PATH, S_IFLNK, S_IFMT } from "#host/kernel/linux.ts";
import { openInRoot } from "#host/files/rooted-path.ts";
import { fstat } from "#host/kernel/syscalls.ts";
import { absolutePath, baseName, evaluateInRoot } from "#host/tree/container-path.ts";
import { goFileMode, type PathStat } from "#spec/docker/archive.ts";

export interface FoundPath {
  /** O_PATH, the caller's to close. A symlink is itself, unless the path ends in `/` or `/.`. */
  readonly fd: number;
  readonly stat: PathStat;
}

/** What `path` is in a container. `not-found`; `invalid-parameter` where a file would have to be a directory. */
export function findPath(rootFd: number, path: string): FoundPath {
  const absolute = absolutePath(path);
  const fd = openPath(rootFd, absolute, O_PATH | O_NOFOLLOW);
  const { mode, size, mtimeSeconds, mtimeNanoseconds } = fstat(fd);
  const stat: PathStat = {
    name: baseName(absolute),
    size,
    mode: goFileMode(mode),
    mtime: formatTime(BigInt(mtimeSeconds) * 1_000_000_000n + BigInt(mtimeNanoseconds)),
    linkTarget: (mode & S_IFMT) === S_IFLNK ? evaluateInRoot(rootFd, absolute) : "",
  };
  return { fd, stat };
}

/** {@link openInRoot} with failures as Docker tells them: its `lstat` shows the path, and only a missing one is special. */
export function openPath(rootFd: number, path: string, flags: number): number {
  try {
    return openInRoot(rootFd, path, flags);
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    if (error.code === "ENOENT") throw new BerthError("not-found", `${path} does not exist`, { cause: error });
    throw new BerthError("invalid-parameter", new SyscallError("lstat", error.errno, path).message, { cause: error });
  }
}
