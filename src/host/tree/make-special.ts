import { BerthError } from "#base/errors.ts";
import { kernelPath } from "#spec/tar/byte-string.ts";
import type { TarEntry } from "#spec/tar/tar-reader.ts";
import { SyscallError } from "../kernel/errno.ts";
import { S_IFBLK, S_IFCHR, S_IFIFO } from "../kernel/linux.ts";
import { mknodat, raw, type KernelPath } from "../kernel/syscalls.ts";

/** Make a symlink, device or pipe; 0 or -errno. `invalid-parameter` for device numbers that Linux does not have. */
export function makeSpecial(parent: number, entry: TarEntry, name: KernelPath): number {
  if (entry.type === "symlink") return raw("symlinkat", kernelPath(entry.linkName), parent, name);
  const kind = entry.type === "fifo" ? S_IFIFO : entry.type === "block" ? S_IFBLK : S_IFCHR;
  const { deviceMajor: major, deviceMinor: minor } = entry;
  if (major < 0 || major > 0xfff || minor < 0 || minor > 0xfffff) {
    throw new BerthError("invalid-parameter", `device number ${major}:${minor} is out of range`);
  }
  try {
    mknodat(parent, name, kind | (entry.mode & 0o777), major, minor);
    return 0;
  } catch (error) {
    if (error instanceof SyscallError) return -error.errno;
    throw error;
  }
}
