import { hasCode } from "#host/kernel/errno.ts";
import { listDirectory } from "#host/files/files.ts";
import { AT_FDCWD, O_CLOEXEC, O_CREAT, O_EXCL, O_NOFOLLOW, O_PATH, O_WRONLY } from "#host/kernel/linux.ts";
import { LocalFiles } from "#host/files/local-files.ts";
import { close, fchmod, fstat, ftruncate, open, raw, SyscallError, writeAll } from "#host/kernel/syscalls.ts";
import type { Files } from "./ports.ts";

const EEXIST = 17;
const PERMISSION_BITS = 0o7777;

/** {@link Files} on this machine. */
export class EngineFiles implements Files {
  readonly #local = new LocalFiles();
  readonly #discard: (path: string) => Promise<void>;
  readonly #makeContainerDirectory: (path: string) => void;

  constructor(deps: {
    readonly discard: (path: string) => Promise<void>;
    readonly makeContainerDirectory: (path: string) => void;
  }) {
    this.#discard = deps.discard;
    this.#makeContainerDirectory = deps.makeContainerDirectory;
  }

  readText(path: string): Promise<string> {
    return this.#local.readText(path);
  }

  readTextMaybe(path: string): Promise<string | undefined> {
    return this.#local.readTextMaybe(path);
  }

  /** Without O_TRUNC: ext4 writes a file that was cut to nothing to the disk when it is closed, even one that was empty. */
  async writeText(path: string, text: string, mode: number): Promise<void> {
    const fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW, mode);
    try {
      const present = fstat(fd);
      if (present.size > 0) ftruncate(fd, 0);
      writeAll(fd, new TextEncoder().encode(text));
      if ((present.mode & PERMISSION_BITS) !== mode) fchmod(fd, mode);
    } finally {
      close(fd);
    }
  }

  async makeFile(path: string, mode: number): Promise<boolean> {
    const fd = raw("openat", AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd === -EEXIST) return false;
    if (fd < 0) throw new SyscallError("openat", -fd, path);
    try {
      fchmod(fd, mode);
    } finally {
      close(fd);
    }
    return true;
  }

  makeDirectory(path: string, mode: number): Promise<void> {
    return this.#local.makeDirectory(path, mode);
  }

  async makeContainerDirectory(path: string): Promise<void> {
    this.#makeContainerDirectory(path);
  }

  removeTree(path: string): Promise<void> {
    return this.#local.removeTree(path);
  }

  discard(path: string): Promise<void> {
    return this.#discard(path);
  }

  kind(path: string): Promise<"directory" | "file" | "other" | undefined> {
    return this.#local.kind(path);
  }

  async isThere(path: string): Promise<boolean> {
    try {
      close(open(path, O_PATH));
      return true;
    } catch (error) {
      if (hasCode(error, "ENOENT", "ENOTDIR", "ELOOP")) return false;
      throw error;
    }
  }

  async names(path: string): Promise<readonly string[]> {
    try {
      return listDirectory(path);
    } catch (error) {
      if (hasCode(error, "ENOENT")) return [];
      throw error;
    }
  }
}
