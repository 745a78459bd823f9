import { dlopen } from "bun:ffi";
import { BerthError } from "#base/errors.ts";
import { MFD_CLOEXEC, MFD_EXEC, O_EXCL, O_RDWR, O_TMPFILE } from "../kernel/linux.ts";

interface NamelessFile {
  /** Good until {@link NamelessFile.close}. */
  readonly path: string;
  close(): void;
}

/**
 * Run `use` with the path of a nameless file that holds `bytes` and may be mapped executable; afterwards only what `use`
 * mapped remains. A memfd, because every writable directory may be mounted noexec; where memfds may not be executed
 * (sysctl vm.memfd_noexec=2) or bun:ffi has no JIT, a file opened with O_TMPFILE. `use` is called again for the next way
 * when it throws; the last error is thrown.
 *
 * The addon that has all syscalls is loaded this way, so these few come from elsewhere.
 */
export function withAnonymousExecutable<T>(name: string, bytes: Uint8Array, use: (path: string) => T): T {
  let failure: unknown = new BerthError(
    "internal",
    "no place for native code: neither memfd_create nor O_TMPFILE works",
  );
  const ways = [() => inMemory(name, bytes), ...directories.map((directory) => () => inDirectory(directory, bytes))];
  for (const open of ways) {
    const file = open();
    if (file === undefined) continue;
    try {
      return use(file.path);
    } catch (error) {
      failure = error;
    } finally {
      file.close();
    }
  }
  throw failure;
}

const directories = ["/run", "/dev/shm", "/var/tmp", "/tmp"];

/** By the C library through bun:ffi: node:fs alone would cost 1.5 ms of every command's start. */
function inMemory(name: string, bytes: Uint8Array): NamelessFile | undefined {
  let library;
  try {
    library = dlopen("libc.so.6", {
      memfd_create: { args: ["ptr", "u32"], returns: "i32" },
      write: { args: ["i32", "ptr", "usize"], returns: "i64" },
      close: { args: ["i32"], returns: "i32" },
    });
  } catch {
    return undefined;
  }
  const { memfd_create, write, close } = library.symbols;
  const cName = new TextEncoder().encode(`${name}\0`);
  // MFD_EXEC asks for what is the default, but is unknown before Linux 6.3.
  let fd = memfd_create(cName, MFD_CLOEXEC | MFD_EXEC);
  if (fd < 0) fd = memfd_create(cName, MFD_CLOEXEC);
  const end = (): void => {
    if (fd >= 0) close(fd);
    library.close();
  };
  let written = fd < 0 ? -1 : 0;
  while (written >= 0 && written < bytes.length) {
    const count = Number(write(fd, bytes.subarray(written), bytes.length - written));
    written = count > 0 ? written + count : -1;
  }
  if (written === bytes.length) return { path: `/proc/self/fd/${fd}`, close: end };
  end();
  return undefined;
}

function inDirectory(directory: string, bytes: Uint8Array): NamelessFile | undefined {
  const { closeSync, openSync, writeFileSync } = process.getBuiltinModule("node:fs");
  let fd = -1;
  try {
    fd = openSync(directory, O_TMPFILE | O_RDWR | O_EXCL, 0o500);
    writeFileSync(fd, bytes);
    return { path: `/proc/self/fd/${fd}`, close: () => closeSync(fd) };
  } catch {
    if (fd >= 0) closeSync(fd);
    return undefined;
  }
}
