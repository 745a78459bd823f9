import { createHash, type Hash } from "node:crypto";
import { digestAlgorithm, parseDigest } from "#base/digest.ts";
import { BerthError } from "#base/errors.ts";
import { readChunks } from "#host/files/file-reader.ts";
import { FileWriter } from "#host/files/file-writer.ts";
import { removeFile, syncDirectory } from "#host/files/files.ts";
import { AT_FDCWD } from "#host/kernel/linux.ts";
import { lstatMaybe, renameat2 } from "#host/kernel/syscalls.ts";

/** Less than this is sooner fetched again than kept. */
export const WORTH_KEEPING = 1 << 20;

/** One blob being written. Its bytes may be read at {@link path} while they come in. */
export class Ingest {
  readonly path: string;
  readonly #digest: string;
  readonly #size: number | undefined;
  readonly #finalPath: string;
  readonly #hash: Hash;
  readonly #writer: FileWriter;
  readonly #onClosed: () => void;
  #received: number;
  #onWritten: (size: number) => void = () => {};
  #state: "open" | "committed" | "aborted" = "open";

  private constructor(options: IngestOptions, hash: Hash, received: number) {
    this.path = options.temporaryPath;
    this.#digest = options.digest;
    this.#size = options.size;
    this.#finalPath = options.finalPath;
    this.#onClosed = options.onClosed ?? (() => {});
    this.#hash = hash;
    this.#received = received;
    this.#writer = new FileWriter(this.path, (size) => this.#onWritten(size), received === 0 ? undefined : received);
  }

  static start(options: IngestOptions): Ingest {
    return new Ingest(options, createHash(digestAlgorithm(parseDigest(options.digest))), 0);
  }

  /** As {@link start}, with what lies at the temporary path already: it is read again, because nothing vouches for it. */
  static async resume(options: IngestOptions): Promise<Ingest> {
    const present = lstatMaybe(AT_FDCWD, options.temporaryPath)?.size ?? 0;
    if (present === 0 || (options.size !== undefined && present > options.size)) {
      removeFile(options.temporaryPath);
      return Ingest.start(options);
    }
    const hash = createHash(digestAlgorithm(parseDigest(options.digest)));
    let received = 0;
    for await (const chunk of readChunks(options.temporaryPath)) {
      hash.update(chunk);
      received += chunk.length;
    }
    return new Ingest(options, hash, received);
  }

  /** Bytes accepted so far, those of an earlier try among them. */
  get received(): number {
    return this.#received;
  }

  /** Hear how much of the file can be read. */
  onWritten(listener: (size: number) => void): void {
    this.#onWritten = listener;
  }

  /** `data-loss` when more comes than was announced; `resource-exhausted` when the disk is full. */
  async write(chunk: Uint8Array): Promise<void> {
    this.#received += chunk.length;
    if (this.#size !== undefined && this.#received > this.#size) {
      throw new BerthError("data-loss", `filesystem layer verification failed for digest ${this.#digest}`);
    }
    this.#hash.update(chunk);
    await this.#writer.write(chunk);
  }

  /** Check size and digest (`data-loss`) and hand the last bytes to the kernel; nothing can be written after. */
  async verify(): Promise<void> {
    if (this.#size !== undefined && this.#received !== this.#size) throw new BerthError("data-loss", "unexpected EOF");
    if (`${this.#digest.slice(0, this.#digest.indexOf(":"))}:${this.#hash.digest("hex")}` !== this.#digest) {
      throw new BerthError("data-loss", `filesystem layer verification failed for digest ${this.#digest}`);
    }
    await this.#writer.flush(false);
  }

  /** {@link verify} if not done, make it last unless `durable` is false (then the caller syncs later), and give it its name. */
  async commit(options: { readonly verified?: boolean; readonly durable?: boolean } = {}): Promise<void> {
    if (options.verified !== true) await this.verify();
    const durable = options.durable !== false;
    await this.#writer.flush(durable);
    await this.#writer.close();
    this.#state = "committed";
    renameat2(AT_FDCWD, this.path, AT_FDCWD, this.#finalPath);
    this.#onClosed();
    if (durable) syncDirectory(this.#finalPath.slice(0, this.#finalPath.lastIndexOf("/")));
  }

  /** Remove what was written, or with `keep` leave it for the next try, where it is worth that; nothing after a commit. */
  async abort(options: { readonly keep?: boolean } = {}): Promise<void> {
    if (this.#state !== "open") return;
    this.#state = "aborted";
    const keep = options.keep === true && this.#received >= WORTH_KEEPING;
    if (keep) await this.#writer.flush(false).catch(() => undefined);
    await this.#writer.close().catch(() => undefined);
    if (!keep) removeFile(this.path);
    this.#onClosed();
  }
}

export interface IngestOptions {
  readonly digest: string;
  readonly size: number | undefined;
  readonly temporaryPath: string;
  readonly finalPath: string;
  /** Called when the temporary path is nobody's any more. */
  readonly onClosed?: () => void;
}
