import { copyContent } from "../files/copy-content.ts";
import { hasCode } from "../kernel/errno.ts";
import { withFd } from "../files/files.ts";
import {
  AT_FDCWD,
  O_CLOEXEC,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_RDONLY,
  O_WRONLY,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
} from "../kernel/linux.ts";
import {
  fchmodat,
  fchownat,
  fdPath,
  fstat,
  lgetxattr,
  linkat,
  llistxattr,
  lsetxattr,
  lstatMaybe,
  mkdirat,
  mknodat,
  openat,
  readDirectory,
  readlinkat,
  symlinkat,
  unlinkat,
  utimensat,
} from "../kernel/syscalls.ts";
import type { FileStat } from "../kernel/stat.ts";

/**
 * Copy what is inside the directory `from` into the existing directory `to` (both open for reading): files, links (hard
 * ones stay hard), devices, owners, modes, times and extended attributes. Directories that exist are filled, anything
 * else in the way is EEXIST. Symlinks are copied, never followed. The directories' own owner, mode and attributes too.
 * Files share their blocks with the copy where the file system can, and holes stay holes. What goes while it is copied is
 * not in the copy: the tree may be in use.
 */
export function copyTree(from: number, to: number): void {
  copyDirectory(from, to, new Map());
}

/** Where an inode with several names was copied first. */
type Links = Map<string, { readonly directory: string; readonly name: Uint8Array }>;

function copyDirectory(from: number, to: number, links: Links): void {
  for (const { name } of readDirectory(from)) copyWhatIsThere(from, to, name, links);
  const stat = fstat(from);
  copyAttributes(fdPath(from), fdPath(to), true);
  fchownat(to, ".", stat.uid, stat.gid);
  fchmodat(to, ".", stat.mode & 0o7777);
  copyTimes(to, ".", stat);
}

/** Tried again when another thing has the name by now. */
function copyWhatIsThere(from: number, to: number, name: Uint8Array, links: Links): void {
  for (;;) {
    const stat = lstatMaybe(from, name);
    if (stat === undefined || (stat.mode & S_IFMT) === S_IFSOCK) return;
    try {
      return copyEntry(from, to, name, stat, links);
    } catch (error) {
      if (!hasCode(error, "ENOENT", "ENOTDIR", "ELOOP") || lstatMaybe(from, name)?.ino === stat.ino) throw error;
    }
  }
}

function copyEntry(from: number, to: number, name: Uint8Array, stat: FileStat, links: Links): void {
  const type = stat.mode & S_IFMT;
  if (type === S_IFDIR) return copySubdirectory(from, to, name, links);
  const key = `${stat.devMajor}:${stat.devMinor}:${stat.ino}`;
  const first = stat.nlink > 1 ? links.get(key) : undefined;
  if (first !== undefined) {
    withFd(openat(AT_FDCWD, first.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), (fd) =>
      linkat(fd, first.name, to, name),
    );
    return;
  }
  if (type === S_IFREG) copyFile(from, to, name, stat);
  else if (type === S_IFLNK) symlinkat(readlinkat(from, name), to, name);
  else mknodat(to, name, stat.mode, stat.rdevMajor, stat.rdevMinor);
  fchownat(to, name, stat.uid, stat.gid);
  if (type !== S_IFLNK) fchmodat(to, name, stat.mode & 0o7777);
  try {
    copyAttributes(join(from, name), join(to, name), false);
  } catch (error) {
    unlinkat(to, name);
    throw error;
  }
  copyTimes(to, name, stat);
  if (stat.nlink > 1) links.set(key, { directory: new TextDecoder().decode(readlinkat(AT_FDCWD, fdPath(to))), name });
}

function copySubdirectory(from: number, to: number, name: Uint8Array, links: Links): void {
  const flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  withFd(openat(from, name, flags), (source) => {
    try {
      mkdirat(to, name, 0o700);
    } catch (error) {
      if (!hasCode(error, "EEXIST")) throw error;
    }
    withFd(openat(to, name, flags), (target) => copyDirectory(source, target, links));
  });
}

function copyFile(from: number, to: number, name: Uint8Array, stat: FileStat): void {
  withFd(openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), (source) =>
    withFd(openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600), (target) => {
      if (stat.size > 0) copyContent(source, target, stat.size);
    }),
  );
}

/** All but what belongs to overlayfs itself and SELinux's label, by which the copy is another thing. `follow`: the path is a descriptor's own. */
function copyAttributes(from: string | Uint8Array, to: string | Uint8Array, follow: boolean): void {
  const [source, target] = follow ? [`${String(from)}/.`, `${String(to)}/.`] : [from, to];
  for (const name of llistxattr(source)) {
    if (/^(?:trusted\.overlay\.|security\.selinux$)/u.test(new TextDecoder().decode(name))) continue;
    const value = lgetxattr(source, name);
    if (value !== undefined) lsetxattr(target, name, value);
  }
}

function copyTimes(directory: number, name: string | Uint8Array, stat: FileStat): void {
  utimensat(
    directory,
    name,
    { seconds: stat.atimeSeconds, nanoseconds: stat.atimeNanoseconds },
    { seconds: stat.mtimeSeconds, nanoseconds: stat.mtimeNanoseconds },
  );
}

/** A path through a descriptor, of raw bytes. */
function join(directory: number, name: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`${fdPath(directory)}/`), name]);
}
