import { BerthError } from "./errors.ts";

/** Takes so many bytes at a time from a stream of pieces. */
export class ByteReader {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #rest = new Uint8Array(0);

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.#pieces = stream[Symbol.asyncIterator]();
  }

  /** `data-loss` when the stream ends before. The bytes are the caller's. */
  async take(length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    for (let filled = 0; filled < length;) {
      if (this.#rest.length === 0) {
        const next = await this.#pieces.next();
        if (next.done === true) throw new BerthError("data-loss", "the stream ends too early");
        this.#rest = next.value.slice();
      }
      const part = this.#rest.subarray(0, length - filled);
      bytes.set(part, filled);
      filled += part.length;
      this.#rest = this.#rest.subarray(part.length);
    }
    return bytes;
  }

  /** What has not been taken. Nothing can be taken any more. */
  async *rest(): AsyncGenerator<Uint8Array, void> {
    if (this.#rest.length > 0) yield this.#rest;
    for (let next = await this.#pieces.next(); next.done !== true; next = await this.#pieces.next()) yield next.value;
  }
}
