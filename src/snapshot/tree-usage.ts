import {
  AT_SYMLINK_NOFOLLOW,
  DT_DIR,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_RDONLY,
  S_IFDIR,
  S_IFMT,
  S_IFREG,
} from "#host/kernel/linux.ts";
import type { FileStat } from "#host/kernel/stat.ts";
import { close, fstat, open, openat, readDirectory, statx } from "#host/kernel/syscalls.ts";
import { SyscallError } from "#host/kernel/errno.ts";

const PAUSE_EVERY = 512;

export interface TreeUsage {
  /** Sum of the sizes of all that is no directory, holes left out, a hard-linked file once. */
  readonly sizeBytes: number;
  readonly inodes: number;
}

/**
 * Walk a tree without following symbolic links. docker-compat: directories count as inodes but not by size, as in
 * Docker's SizeRw. The tree may change meanwhile: what vanishes is skipped. Pauses so that the event loop stays live.
 */
export async function treeUsage(path: string): Promise<TreeUsage> {
  const seen = new Set<bigint>();
  let sizeBytes = 0;
  let steps = 0;
  const walk = async (fd: number): Promise<void> => {
    seen.add(fstat(fd).ino);
    for (const entry of readDirectory(fd)) {
      if (++steps % PAUSE_EVERY === 0) await new Promise<void>((resolve) => setImmediate(resolve));
      const child = ignoringVanished(() =>
        entry.type === DT_DIR ? openat(fd, entry.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW) : undefined,
      );
      if (child !== undefined) {
        try {
          await walk(child);
        } finally {
          close(child);
        }
        continue;
      }
      const stat = ignoringVanished(() => statx(fd, entry.name, AT_SYMLINK_NOFOLLOW));
      if (stat === undefined || seen.has(stat.ino)) continue;
      seen.add(stat.ino);
      if ((stat.mode & S_IFMT) !== S_IFDIR) sizeBytes += withoutHoles(stat);
    }
  };
  const root = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    await walk(root);
  } finally {
    close(root);
  }
  return { sizeBytes, inodes: seen.size };
}

function ignoringVanished<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (error instanceof SyscallError && (error.code === "ENOENT" || error.code === "ENOTDIR")) return undefined;
    throw error;
  }
}

/** Only regular files have holes; links and such may take no blocks at all. */
function withoutHoles({ mode, size, blocks }: FileStat): number {
  return (mode & S_IFMT) === S_IFREG ? Math.min(size, blocks * 512) : size;
}
