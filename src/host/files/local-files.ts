import { ensureDirectory, readTextFile, readTextFileMaybe, writeFileAtomic } from "./files.ts";
import { AT_FDCWD, S_IFDIR, S_IFMT, S_IFREG } from "../kernel/linux.ts";
import { removeTree } from "../tree/remove-tree.ts";
import { lstatMaybe } from "../kernel/syscalls.ts";

const MAX_TEXT_BYTES = 16 << 20;

/** Files of this machine behind the small interface that use cases take. Paths are absolute. */
export class LocalFiles {
  async readText(path: string): Promise<string> {
    return readTextFile(path, MAX_TEXT_BYTES);
  }

  /** {@link readText}, undefined when there is no such file. */
  async readTextMaybe(path: string): Promise<string | undefined> {
    return readTextFileMaybe(path, MAX_TEXT_BYTES);
  }

  /** Replaces atomically for readers; a power cut may lose it: what must not be lost is in the database. */
  async writeText(path: string, text: string, mode: number): Promise<void> {
    writeFileAtomic(path, text, { mode, durable: false });
  }

  async makeDirectory(path: string, mode: number): Promise<void> {
    ensureDirectory(path, mode);
  }

  /** A tree and all below it, never across a mount; no error when it is gone. */
  removeTree(path: string): Promise<void> {
    return removeTree(path);
  }

  /** What has this name; symlinks are not followed. */
  async kind(path: string): Promise<"directory" | "file" | "other" | undefined> {
    const stat = lstatMaybe(AT_FDCWD, path);
    if (stat === undefined) return undefined;
    const type = stat.mode & S_IFMT;
    return type === S_IFDIR ? "directory" : type === S_IFREG ? "file" : "other";
  }
}
