import { randomHex } from "#base/ids.ts";

import {
  AT_FDCWD,
  AT_REMOVEDIR,
  DT_DIR,
  DT_UNKNOWN,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_RDONLY,
  RESOLVE_NO_XDEV,
} from "../kernel/linux.ts";
import { hasCode, SyscallError } from "../kernel/errno.ts";
import { close, openat, openat2, raw, readDirectory, renameat2, type KernelPath } from "../kernel/syscalls.ts";

const ENOENT = 2;
const EPERM = 1;
const EISDIR = 21;
/** How often a directory is emptied that is filled meanwhile: for a fifth of a second in all. */
const MAX_ROUNDS = 20;
/** Deeper than this, a directory is first moved up, so that neither descriptors nor the stack run out. */
const MAX_DEPTH = 64;
/** Entries between two pauses of {@link removeTree}. */
const PAUSE_EVERY = 64;

/**
 * Remove what `name` in `directoryFd` is, a whole tree if a directory. Symbolic links are removed, never followed, and
 * mounts are never entered: one inside the tree ends the removal with EXDEV and keeps its content. No error when it is
 * gone already. Synchronous.
 */
export function removeEntry(directoryFd: number, name: KernelPath): void {
  for (const _ of removal(directoryFd, name)) continue;
}

/**
 * {@link removeEntry} by path, pausing after every `pauseEvery` entries so that the event loop stays live. A directory that
 * somebody fills meanwhile, as a supervisor on its way out, is emptied again after a moment.
 */
export async function removeTree(path: KernelPath, pauseEvery = PAUSE_EVERY): Promise<void> {
  let count = 0;
  for (let round = 1; ; round++) {
    try {
      for (const _ of removal(AT_FDCWD, path)) {
        if (++count % pauseEvery === 0) await new Promise<void>((resolve) => setImmediate(resolve));
      }
      return;
    } catch (error) {
      if (!hasCode(error, "ENOTEMPTY", "ENOENT") || round === MAX_ROUNDS) throw error;
      await new Promise<void>((resolve) => setTimeout(resolve, round));
    }
  }
}

function* removal(directoryFd: number, name: KernelPath): Generator<void> {
  const result = raw("unlinkat", directoryFd, name, 0);
  if (result >= 0 || result === -ENOENT) return;
  // unlink(2): EISDIR on Linux, EPERM by POSIX, for a directory.
  if (result !== -EISDIR && result !== -EPERM) throw new SyscallError("unlinkat", -result, text(name));
  yield* directoryRemoval(directoryFd, name);
}

function* directoryRemoval(directoryFd: number, name: KernelPath): Generator<void> {
  const fd = openat(directoryFd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  const moved = { count: 0 };
  try {
    yield* emptied(fd, fd, 1, moved);
  } finally {
    close(fd);
  }
  const result = raw("unlinkat", directoryFd, name, AT_REMOVEDIR);
  if (result < 0 && result !== -ENOENT) throw new SyscallError("rmdir", -result, text(name));
}

/** Empty the directory `fd`; directories too deep are moved into `topFd` and emptied there in a further round. */
function* emptied(fd: number, topFd: number, depth: number, moved: { count: number }): Generator<void> {
  for (;;) {
    const before = moved.count;
    for (const entry of readDirectory(fd)) {
      yield;
      if (entry.type !== DT_DIR) {
        const result = raw("unlinkat", fd, entry.name, 0);
        if (result >= 0 || result === -ENOENT) continue;
        if (entry.type !== DT_UNKNOWN && result !== -EISDIR)
          throw new SyscallError("unlinkat", -result, text(entry.name));
      }
      if (depth >= MAX_DEPTH) {
        renameat2(fd, entry.name, topFd, `.deep-${moved.count++}-${randomHex(8)}`);
        continue;
      }
      const child = openat2(fd, entry.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, RESOLVE_NO_XDEV);
      try {
        yield* emptied(child, topFd, depth + 1, moved);
      } finally {
        close(child);
      }
      const result = raw("unlinkat", fd, entry.name, AT_REMOVEDIR);
      if (result < 0 && result !== -ENOENT) throw new SyscallError("rmdir", -result, text(entry.name));
    }
    if (fd !== topFd || moved.count === before) return;
    raw("lseek", fd, 0, 0);
  }
}

function text(name: KernelPath): string {
  return typeof name === "string" ? name : new TextDecoder().decode(name);
}
