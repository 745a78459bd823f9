import { AT_FDCWD, S_IFMT, S_IFSOCK } from "../kernel/linux.ts";
import { lstatMaybe } from "../kernel/syscalls.ts";

/** Is there a socket at this path? A link to one does not count. */
export function isSocket(path: string): boolean {
  const stat = lstatMaybe(AT_FDCWD, path);
  return stat !== undefined && (stat.mode & S_IFMT) === S_IFSOCK;
}
