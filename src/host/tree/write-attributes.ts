import { kernelPath, printable } from "#spec/tar/byte-string.ts";
import type { TarEntry } from "#spec/tar/tar-reader.ts";
import { SyscallError } from "../kernel/errno.ts";
import type { KernelPath } from "../kernel/syscalls.ts";

/**
 * Give a new member its extended attributes. Those that would steer a mount are dropped, those that the file system
 * refuses (EPERM, EOPNOTSUPP) are left out, each with a warning.
 */
export function writeAttributes(
  entry: TarEntry,
  set: (key: KernelPath, value: Uint8Array) => void,
  warn: (text: string) => void,
): void {
  for (const [key, value] of entry.xattrs ?? []) {
    if (key.startsWith("trusted.overlay.") || key.startsWith("user.overlay.")) {
      warn(`dropped extended attribute ${printable(key)} of ${printable(entry.name)}`);
      continue;
    }
    try {
      set(kernelPath(key), value);
    } catch (error) {
      if (!(error instanceof SyscallError) || (error.code !== "EOPNOTSUPP" && error.code !== "EPERM")) throw error;
      warn(`extended attribute ${printable(key)} of ${printable(entry.name)} not set: ${error.message}`);
    }
  }
}
