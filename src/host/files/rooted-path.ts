import { hasCode } from "../kernel/errno.ts";
import { O_DIRECTORY, O_NOFOLLOW, O_PATH, RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS } from "../kernel/linux.ts";
import { close, mkdirat, openat2, type KernelPath } from "../kernel/syscalls.ts";

/**
 * Open `path` as a process with root directory `rootFd` would: absolute paths, `..` and symlinks all stay inside, also
 * when somebody swaps directories for links meanwhile (openat2(2), RESOLVE_IN_ROOT); /proc's magic links are refused
 * (ELOOP).
 */
export function openInRoot(rootFd: number, path: KernelPath, flags: number, mode = 0): number {
  return openat2(rootFd, path, flags, mode, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

/**
 * An O_PATH descriptor of the directory `path` inside `rootFd`, made with its missing parents (`mode`, umask applies).
 * Existing symlinks are followed inside the root; a file in the way is ENOTDIR.
 */
export function makeDirectoriesInRoot(rootFd: number, path: string, mode: number): number {
  let current = openInRoot(rootFd, ".", O_PATH | O_DIRECTORY);
  let walked = "";
  try {
    for (const name of path.split("/")) {
      if (name === "" || name === ".") continue;
      walked += `/${name}`;
      let next: number;
      try {
        next = openInRoot(rootFd, walked, O_PATH | O_DIRECTORY);
      } catch (error) {
        if (!hasCode(error, "ENOENT")) throw error;
        makeDirectory(current, name, mode);
        next = openat2(current, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0, RESOLVE_IN_ROOT);
      }
      close(current);
      current = next;
    }
    return current;
  } catch (error) {
    close(current);
    throw error;
  }
}

function makeDirectory(parentFd: number, name: string, mode: number): void {
  try {
    mkdirat(parentFd, name, mode);
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
  }
}
