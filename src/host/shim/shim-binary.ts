import { readFileSync } from "node:fs";

import shimPath from "../../../dist/berth-shim" with { type: "file" };
import {
  F_ADD_SEALS,
  F_SEAL_GROW,
  F_SEAL_SEAL,
  F_SEAL_SHRINK,
  F_SEAL_WRITE,
  MFD_ALLOW_SEALING,
  MFD_CLOEXEC,
  MFD_EXEC,
} from "../kernel/linux.ts";
import { close, fcntl, memfdCreate, SyscallError, writeAll } from "../kernel/syscalls.ts";

/** The shim executable, ready to be executed by this process's children. */
export interface ShimBinary {
  /** `/proc/<pid>/fd/<n>` of this process: a child has other things at its own number n by the time it executes. */
  readonly path: string;
  readonly fd: number;
  close(): void;
}

const EINVAL = 22;

/**
 * The shim that belongs to this program, in a sealed memfd: a process in a container that reaches it through
 * /proc/<pid>/exe can read it and never write it (CVE-2019-5736), and no file has to be kept safe. Its pages are shared
 * by all shims started from it. Open it once an engine.
 */
export function openShimBinary(): ShimBinary {
  const fd = createMemfd();
  try {
    writeAll(fd, readFileSync(shimPath));
    fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
  } catch (error) {
    close(fd);
    throw error;
  }
  return { path: `/proc/${process.pid}/fd/${fd}`, fd, close: () => close(fd) };
}

/** MFD_EXEC asks for what is the default, but is unknown (EINVAL) before Linux 6.3. */
function createMemfd(): number {
  try {
    return memfdCreate("berth-shim", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
  } catch (error) {
    if (!(error instanceof SyscallError) || error.errno !== EINVAL) throw error;
    return memfdCreate("berth-shim", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  }
}
