import { SyscallError } from "../kernel/errno.ts";
import { AT_FDCWD, O_CLOEXEC } from "../kernel/linux.ts";
import { raw } from "../kernel/syscalls.ts";

const ENOENT = 2;

/** open(2) for what may not be there: undefined instead of ENOENT, whose error costs more than the call. */
export function openMaybe(path: string, flags: number): number | undefined {
  const result = raw("openat", AT_FDCWD, path, flags | O_CLOEXEC, 0);
  if (result === -ENOENT) return undefined;
  if (result < 0) throw new SyscallError("openat", -result, path);
  return result;
}
