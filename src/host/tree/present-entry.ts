import { kernelPath, type ByteString } from "#spec/tar/byte-string.ts";
import { S_IFCHR, S_IFDIR, S_IFMT } from "../kernel/linux.ts";
import type { FileStat } from "../kernel/stat.ts";
import { lstatMaybe } from "../kernel/syscalls.ts";

/** Is `name` one of overlayfs' whiteouts? False when it is not there. */
export function isWhiteout(parent: number, name: ByteString): boolean {
  const present = lstatMaybe(parent, kernelPath(name));
  return present !== undefined && whiteoutSays(present);
}

/** Are these a whiteout's attributes? */
export function whiteoutSays({ mode, rdevMajor, rdevMinor }: FileStat): boolean {
  return (mode & S_IFMT) === S_IFCHR && rdevMajor === 0 && rdevMinor === 0;
}

export function isDirectory(parent: number, name: ByteString): boolean {
  return ((lstatMaybe(parent, kernelPath(name))?.mode ?? 0) & S_IFMT) === S_IFDIR;
}
