import { close as closeFd, fsync as fsyncFd, writev as writevFd } from "node:fs";
import { promisify } from "node:util";
import { SyscallError } from "../kernel/errno.ts";
import { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_RDWR } from "../kernel/linux.ts";
import { ftruncate, open } from "../kernel/syscalls.ts";

/** Bytes gathered before they are handed to a pool thread: fewer turns, and room for the next ones to arrive meanwhile. */
const BATCH_SIZE = 512 * 1024;

const writev = promisify(writevFd);
const fsync = promisify(fsyncFd);
const close = promisify(closeFd);

/**
 * Appends to a file without ever blocking the event loop, however slow the disk: writing happens on a pool thread,
 * one batch at a time, beside the gathering of the next. Chunks are kept until written and must not be changed. The first
 * failure is thrown by every later call.
 */
export class FileWriter {
  readonly #fd: number;
  readonly #onWritten: (size: number) => void;
  #batch: Uint8Array[] = [];
  #batchSize = 0;
  #written = 0;
  #writing: Promise<void> = Promise.resolve();
  #failure: Error | undefined;

  /**
   * Creates `path` (mode 0600), which must not exist; or, with `continueAt`, goes on with an existing file behind its
   * first so many bytes, whatever else it held. `onWritten` hears the size that other readers of the file now see.
   */
  constructor(path: string, onWritten: (size: number) => void, continueAt?: number) {
    const how = continueAt === undefined ? O_CREAT | O_EXCL : O_APPEND;
    this.#fd = open(path, O_RDWR | how | O_NOFOLLOW, 0o600);
    if (continueAt !== undefined) ftruncate(this.#fd, continueAt);
    this.#written = continueAt ?? 0;
    this.#onWritten = onWritten;
  }

  /** Resolves when there is room for more. */
  async write(chunk: Uint8Array): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    this.#batch.push(chunk);
    this.#batchSize += chunk.length;
    if (this.#batchSize >= BATCH_SIZE) await this.#startBatch();
  }

  /** All bytes are with the kernel; with `durable` also on the disk. */
  async flush(durable: boolean): Promise<void> {
    await this.#startBatch();
    await this.#writing;
    if (this.#failure !== undefined) throw this.#failure;
    if (durable) await fsync(this.#fd);
  }

  /** Call exactly once, also after a failure. */
  async close(): Promise<void> {
    await this.#writing;
    await close(this.#fd);
  }

  async #startBatch(): Promise<void> {
    await this.#writing;
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#batchSize === 0) return;
    const batch = this.#batch;
    this.#batch = [];
    this.#batchSize = 0;
    this.#writing = this.#writeBatch(batch).catch((error: unknown) => {
      this.#failure = translated(error);
    });
  }

  async #writeBatch(batch: Uint8Array[]): Promise<void> {
    for (let rest = batch; rest.length > 0;) {
      const { bytesWritten } = await writev(this.#fd, rest);
      this.#written += bytesWritten;
      rest = after(rest, bytesWritten);
    }
    this.#onWritten(this.#written);
  }
}

/** What is left of `chunks` behind the first `count` bytes. */
function after(chunks: Uint8Array[], count: number): Uint8Array[] {
  let skip = count;
  for (const [index, chunk] of chunks.entries()) {
    if (skip < chunk.length) return [chunk.subarray(skip), ...chunks.slice(index + 1)];
    skip -= chunk.length;
  }
  return [];
}

function translated(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  if (!("errno" in error) || typeof error.errno !== "number") return error;
  return new SyscallError("write", Math.abs(error.errno));
}
