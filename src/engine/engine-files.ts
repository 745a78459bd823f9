import { hasCode } from "#host/kernel/errno.ts";
import { listDirectory } from "#host/files/files.ts";
import { O_CREAT, O_NOFOLLOW, O_PATH, O_TRUNC, O_WRONLY } from "#host/kernel/linux.ts";
import { LocalFiles } from "#host/files/local-files.ts";
import { close, fchmod, open, writeAll } from "#host/kernel/syscalls.ts";
import type { Files } from "./ports.ts";

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

  async writeText(path: string, text: string, mode: number): Promise<void> {
    const fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode);
    try {
      writeAll(fd, new TextEncoder().encode(text));
      fchmod(fd, mode);
    } finally {
      close(fd);
    }
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
