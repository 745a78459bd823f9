import { BerthError } from "#base/errors.ts";
import { pread } from "#host/kernel/syscalls.ts";

const READ_SIZE = 256 * 1024;

/**
 * A file that another thread of work is still writing: reading waits at its present end until it grows or is
 * complete. The writer tells by {@link grow} and {@link complete}; the reader iterates {@link chunks} once.
 */
export class GrowingFile {
  readonly #fd: number;
  #available: number;
  #complete = false;
  #wake: (() => void) | undefined;

  /** `fd` stays the caller's. `available` bytes may be read at once. */
  constructor(fd: number, available: number) {
    this.#fd = fd;
    this.#available = available;
  }

  grow(available: number): void {
    if (available > this.#available) this.#available = available;
    this.#signal();
  }

  complete(size: number): void {
    this.#complete = true;
    this.grow(size);
  }

  /** Each chunk is valid only until the next one is asked for. */
  async *chunks(onRead: (bytesRead: number) => void): AsyncIterable<Uint8Array> {
    const buffer = new Uint8Array(READ_SIZE);
    for (let position = 0; ;) {
      const wanted = Math.min(buffer.length, this.#available - position);
      if (wanted === 0) {
        if (this.#complete) return;
        await this.#grown(position);
        continue;
      }
      const count = pread(this.#fd, wanted === buffer.length ? buffer : buffer.subarray(0, wanted), position);
      if (count === 0) throw new BerthError("data-loss", "the blob is shorter than announced");
      position += count;
      onRead(position);
      yield buffer.subarray(0, count);
    }
  }

  #grown(position: number): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      if (this.#available > position || this.#complete) this.#signal();
    });
  }

  #signal(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
