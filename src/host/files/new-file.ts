import { open, rename, rm, type FileHandle } from "node:fs/promises";

/**
 * A file that appears under its name only when it is complete: until then it lies beside it under a name of its own,
 * mode 0600 as docker makes such files.
 */
export class NewFile {
  readonly #path: string;
  readonly #temporary: string;
  readonly #file: FileHandle;
  #committed = false;

  private constructor(path: string, temporary: string, file: FileHandle) {
    this.#path = path;
    this.#temporary = temporary;
    this.#file = file;
  }

  static async create(path: string): Promise<NewFile> {
    const slash = path.lastIndexOf("/") + 1;
    const temporary = `${path.slice(0, slash)}.tmp-${path.slice(slash)}${String(process.pid)}`;
    return new NewFile(path, temporary, await open(temporary, "wx", 0o600));
  }

  async write(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length;) {
      const { bytesWritten } = await this.#file.write(chunk, at, chunk.length - at);
      at += bytesWritten;
    }
  }

  /** On disk, and under its name. */
  async commit(): Promise<void> {
    await this.#file.sync();
    await rename(this.#temporary, this.#path);
    this.#committed = true;
  }

  /** Call in every case: takes away what was not committed. */
  async close(): Promise<void> {
    await this.#file.close();
    if (!this.#committed) await rm(this.#temporary, { force: true });
  }
}
