import { hasCode } from "../kernel/errno.ts";
import { withFd } from "./files.ts";
import { AT_FDCWD, O_CLOEXEC, O_DIRECTORY, O_NOFOLLOW, O_RDONLY, S_IFDIR, S_IFMT } from "../kernel/linux.ts";
import {
  fdPath,
  lgetxattr,
  lsetxattr,
  lstatMaybe,
  openat,
  readDirectory,
  type KernelPath,
} from "../kernel/syscalls.ts";

const ATTRIBUTE = "security.selinux";

/** SELinux label of a file, a link's own; "" where there is none. */
export function fileLabel(path: KernelPath): string {
  // With or without a NUL at its end.
  return Buffer.from(lgetxattr(path, ATTRIBUTE) ?? [])
    .toString()
    .replace(/\0$/u, "");
}

/** Give a file, or a link itself, an SELinux label; nothing happens where the file system keeps none. */
export function setFileLabel(path: string, label: string): void {
  try {
    setLabel(path, label);
  } catch (error) {
    if (!hasCode(error, "EOPNOTSUPP")) throw error;
  }
}

/**
 * SELinux label of all that is at and below a path, the path itself last, links not followed. It ends where a file system
 * keeps none. What goes away meanwhile is left out.
 */
export function setTreeLabel(path: string, label: string): void {
  try {
    labelEntry(AT_FDCWD, Buffer.from(path), label);
  } catch (error) {
    if (!hasCode(error, "EOPNOTSUPP")) throw error;
  }
}

function labelEntry(directory: number, name: Uint8Array, label: string): void {
  const stat = lstatMaybe(directory, name);
  if (stat === undefined) return;
  if ((stat.mode & S_IFMT) === S_IFDIR) {
    withFd(openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), (fd) => {
      for (const entry of readDirectory(fd)) labelEntry(fd, entry.name, label);
    });
  }
  setLabel(directory === AT_FDCWD ? name : Buffer.concat([Buffer.from(`${fdPath(directory)}/`), name]), label);
}

/** Writing makes the inode dirty, so it is asked first. */
function setLabel(path: KernelPath, label: string): void {
  try {
    if (fileLabel(path) !== label) lsetxattr(path, ATTRIBUTE, Buffer.from(label));
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
}
