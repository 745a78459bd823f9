import { createHash, type Hash } from "node:crypto";
import { FileWriter } from "#host/files/file-writer.ts";
import { removeFile } from "#host/files/files.ts";
import { AT_FDCWD } from "#host/kernel/linux.ts";
import { renameat2 } from "#host/kernel/syscalls.ts";

/** A blob being written that gets its name from what it turned out to hold: its sha256. */
export class UnnamedIngest {
  readonly path: string;
  readonly #pathOf: (digest: string) => string;
  readonly #hash: Hash;
  readonly #writer: FileWriter;
  #received = 0;
  #digest: string | undefined;
  #onWritten: (size: number) => void = () => {};
  #state: "open" | "closed" | "committed" | "aborted" = "open";

  constructor(temporaryPath: string, pathOf: (digest: string) => string) {
    this.path = temporaryPath;
    this.#pathOf = pathOf;
    this.#hash = createHash("sha256");
    this.#writer = new FileWriter(this.path, (size) => this.#onWritten(size));
  }

  /** Bytes accepted so far. */
  get received(): number {
    return this.#received;
  }

  /** Hear how much of the file can be read. */
  onWritten(listener: (size: number) => void): void {
    this.#onWritten = listener;
  }

  /** `chunk` is the receiver's for good. `resource-exhausted` when the disk is full. */
  async write(chunk: Uint8Array): Promise<void> {
    this.#received += chunk.length;
    this.#hash.update(chunk);
    await this.#writer.write(chunk);
  }

  /** All bytes are there and can be read; nothing can be written after. Repeating it is allowed. */
  async close(): Promise<void> {
    if (this.#state !== "open") return;
    await this.#writer.flush(false);
    this.#state = "closed";
    await this.#writer.close();
  }

  /** Of all that was written; nothing can be written after. */
  digest(): string {
    this.#digest ??= `sha256:${this.#hash.digest("hex")}`;
    return this.#digest;
  }

  /** Give it its name, {@link digest}. Not synced: the caller's rows remember the boot. */
  async commit(): Promise<void> {
    await this.close();
    this.#state = "committed";
    renameat2(AT_FDCWD, this.path, AT_FDCWD, this.#pathOf(this.digest()));
  }

  /** Remove what was written; nothing after a commit. */
  async abort(): Promise<void> {
    if (this.#state === "committed" || this.#state === "aborted") return;
    if (this.#state === "open") await this.#writer.close().catch(() => undefined);
    this.#state = "aborted";
    removeFile(this.path);
  }
}
