import { dlopen } from "bun:ffi";
import { closeSync, openSync, writeSync } from "node:fs";

import { BerthError } from "#base/errors.ts";

import { MFD_CLOEXEC, O_EXCL, O_RDWR, O_TMPFILE } from "./linux.ts";

/** Is this a file inside the compiled executable, which no other program and no dynamic loader can open? */
export function isEmbedded(path: string): boolean {
  return path.startsWith("/$bunfs/");
}

/**
 * A descriptor of a nameless file that holds `bytes` and may be executed or mapped executable. The caller closes it.
 * It is a memfd, which works where every writable directory is mounted noexec; where memfds may not be executed
 * (sysctl vm.memfd_noexec) it is a file opened with O_TMPFILE. Works before the addon is loaded.
 */
export function openAnonymousExecutable(name: string, bytes: Uint8Array): number {
  const memory = memfdCreate(name);
  if (memory >= 0) {
    writeWhole(memory, bytes);
    return memory;
  }
  for (const directory of ["/run", "/dev/shm", "/var/tmp", "/tmp"]) {
    let fd: number;
    try {
      fd = openSync(directory, O_TMPFILE | O_RDWR | O_EXCL, 0o500);
    } catch {
      continue;
    }
    writeWhole(fd, bytes);
    return fd;
  }
  throw new BerthError("internal", "no place for native code: memfd_create is refused and no O_TMPFILE directory is writable");
}

function writeWhole(fd: number, bytes: Uint8Array): void {
  try {
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** memfd_create(2) through the C library: the one call that is needed to load the addon that has all others. */
function memfdCreate(name: string): number {
  const library = dlopen("libc.so.6", { memfd_create: { args: ["cstring", "u32"], returns: "i32" } });
  try {
    return library.symbols.memfd_create(new TextEncoder().encode(`${name}\0`), MFD_CLOEXEC);
  } finally {
    library.close();
  }
}
