import { dlopen } from "bun:ffi";

import { BerthError } from "#base/errors.ts";

import { MFD_CLOEXEC, MFD_EXEC, O_CLOEXEC, O_EXCL, O_RDWR, O_TMPFILE } from "./linux.ts";

/** Where a nameless executable file may be made when memfds may not be executed (sysctl vm.memfd_noexec=2). */
const directories = ["/run", "/dev/shm", "/var/tmp", "/tmp"];

/**
 * Run `use` with the path of a nameless file that holds `bytes` and may be executed or mapped executable; afterwards only
 * what `use` mapped remains. A memfd, because every writable directory may be mounted noexec.
 *
 * The addon that has all syscalls is loaded this way, so the few needed here come from the C library by bun:ffi; node:fs
 * would do as well and costs 2 ms of a command's start.
 */
export function withAnonymousExecutable<T>(name: string, bytes: Uint8Array, use: (path: string) => T): T {
  const library = dlopen("libc.so.6", {
    memfd_create: { args: ["ptr", "u32"], returns: "i32" },
    open: { args: ["ptr", "i32", "u32"], returns: "i32" },
    write: { args: ["i32", "ptr", "usize"], returns: "i64" },
    close: { args: ["i32"], returns: "i32" },
  });
  const { memfd_create, open, write, close } = library.symbols;
  try {
    // MFD_EXEC asks for what is the default, but is unknown before Linux 6.3.
    let fd = memfd_create(cString(name), MFD_CLOEXEC | MFD_EXEC);
    if (fd < 0) fd = memfd_create(cString(name), MFD_CLOEXEC);
    for (const directory of directories) {
      if (fd < 0) fd = open(cString(directory), O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0o500);
    }
    if (fd < 0)
      throw new BerthError("internal", "no place for native code: neither memfd_create nor O_TMPFILE is permitted");
    try {
      for (let done = 0; done < bytes.length;) {
        const count = Number(write(fd, bytes.subarray(done), bytes.length - done));
        if (count <= 0) throw new BerthError("resource-exhausted", "no space for native code");
        done += count;
      }
      return use(`/proc/self/fd/${fd}`);
    } finally {
      close(fd);
    }
  } finally {
    library.close();
  }
}

function cString(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`);
}
