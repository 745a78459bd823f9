import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_RDONLY,
  O_WRONLY,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
} from "#host/linux.ts";
import type { FileStat } from "#host/stat.ts";
import {
  close,
  copyFileRange,
  fchmod,
  fchownat,
  fdPath,
  fgetxattr,
  flistxattr,
  fsetxattr,
  fstat,
  linkat,
  mkdirat,
  mknodat,
  openat,
  read,
  readDirectory,
  readlinkat,
  statx,
  symlinkat,
  utimensat,
  writeAll,
} from "#host/syscalls.ts";

const copyBytes = 1 << 20;
/** Entries between two pauses, so that other requests are served meanwhile. */
const pauseEvery = 64;

/**
 * Copy what is in one directory, and its own mode, owner and times, into another that is empty: files, directories,
 * symlinks, devices, pipes, hard links among them, extended attributes. Sockets are left out. Nothing is followed; names
 * are raw bytes.
 */
export async function copyTree(source: number, target: number): Promise<void> {
  const copy = new TreeCopy();
  await copy.directory(source, target);
}

class TreeCopy {
  /** First copy of every file with more than one name. */
  readonly #links = new Map<string, { readonly directory: number; readonly path: Uint8Array }>();
  #count = 0;

  async directory(source: number, target: number): Promise<void> {
    for (const { name } of readDirectory(source)) {
      if (++this.#count % pauseEvery === 0) await new Promise<void>((resolve) => setImmediate(resolve));
      await this.#entry(source, target, name);
    }
    copyAttributes(source, target);
    stamp(target, fstat(source));
  }

  async #entry(source: number, target: number, name: Uint8Array): Promise<void> {
    const stat = statx(source, name, AT_SYMLINK_NOFOLLOW);
    switch (stat.mode & S_IFMT) {
      case S_IFDIR:
        return this.#subdirectory(source, target, name);
      case S_IFREG:
        return this.#file(source, target, name, stat);
      case S_IFLNK:
        symlinkat(readlinkat(source, name), target, name);
        return named(target, name, stat);
      case S_IFCHR:
      case S_IFBLK:
      case S_IFIFO:
        mknodat(target, name, stat.mode, stat.rdevMajor, stat.rdevMinor);
        return named(target, name, stat);
    }
  }

  async #subdirectory(source: number, target: number, name: Uint8Array): Promise<void> {
    mkdirat(target, name, 0o700);
    const from = openat(source, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    try {
      const to = openat(target, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      try {
        await this.directory(from, to);
      } finally {
        close(to);
      }
    } finally {
      close(from);
    }
  }

  #file(source: number, target: number, name: Uint8Array, stat: FileStat): void {
    const key = `${stat.devMajor}:${stat.devMinor}:${stat.ino}`;
    const first = stat.nlink > 1 ? this.#links.get(key) : undefined;
    if (first !== undefined) {
      linkat(first.directory, first.path, target, name);
      return;
    }
    const from = openat(source, name, O_RDONLY | O_NOFOLLOW);
    try {
      const to = openat(target, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
      try {
        copyContent(from, to);
        copyAttributes(from, to);
        stamp(to, stat);
      } finally {
        close(to);
      }
    } finally {
      close(from);
    }
    if (stat.nlink > 1 && !this.#links.has(key))
      this.#links.set(key, { directory: AT_FDCWD, path: absoluteName(target, name) });
  }
}

/** The path of an entry, to link to it later when its directory's descriptor is closed. */
function absoluteName(directory: number, name: Uint8Array): Uint8Array {
  return Buffer.concat([readlinkat(AT_FDCWD, fdPath(directory)), Buffer.from("/"), name]);
}

function copyContent(from: number, to: number): void {
  try {
    while (copyFileRange(from, to, copyBytes) > 0) continue;
  } catch {
    // Not between these two file systems: by hand from where it stopped.
    const buffer = new Uint8Array(copyBytes);
    for (let count = read(from, buffer); count > 0; count = read(from, buffer)) writeAll(to, buffer.subarray(0, count));
  }
}

function copyAttributes(from: number, to: number): void {
  for (const name of flistxattr(from)) {
    const text = Buffer.from(name).toString();
    if (text.startsWith("trusted.overlay.") || text.startsWith("user.overlay.")) continue;
    const value = fgetxattr(from, name);
    if (value !== undefined) fsetxattr(to, name, value);
  }
}

/** Owner before mode: chown(2) clears setuid bits. */
function stamp(fd: number, stat: FileStat): void {
  fchownat(fd, "", stat.uid, stat.gid, AT_EMPTY_PATH);
  fchmod(fd, stat.mode & 0o7777);
  utimensat(AT_FDCWD, fdPath(fd), undefined, mtimeOf(stat), 0);
}

function named(directory: number, name: Uint8Array, stat: FileStat): void {
  fchownat(directory, name, stat.uid, stat.gid);
  utimensat(directory, name, undefined, mtimeOf(stat));
}

const mtimeOf = (stat: FileStat) => ({ seconds: stat.mtimeSeconds, nanoseconds: stat.mtimeNanoseconds });
