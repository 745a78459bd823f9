/**
 * The framing of attach and logs without a terminal: a header of eight bytes, `[stream, 0, 0, 0, length BE uint32]`, then
 * the payload.
 */
export const STDCOPY_HEADER_BYTES = 8;

export type StdStream = "stdin" | "stdout" | "stderr" | "systemerr";
const NUMBER = { stdin: 0, stdout: 1, stderr: 2, systemerr: 3 } as const satisfies Record<StdStream, number>;
const NAME = ["stdin", "stdout", "stderr", "systemerr"] as const;

/** One frame, in one buffer. */
export function encodeFrame(stream: StdStream, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(STDCOPY_HEADER_BYTES + payload.byteLength);
  frame[0] = NUMBER[stream];
  new DataView(frame.buffer).setUint32(4, payload.byteLength);
  frame.set(payload, STDCOPY_HEADER_BYTES);
  return frame;
}

export interface Frame {
  readonly stream: StdStream;
  readonly payload: Uint8Array;
}

/** Takes bytes as they arrive, cut anywhere, and gives whole or partial payloads in order, never holding more than a header. */
export class FrameDecoder {
  readonly #header = new Uint8Array(STDCOPY_HEADER_BYTES);
  #headerBytes = 0;
  #stream: StdStream = "stdout";
  #remaining = 0;

  /** Payload pieces contained in `chunk`. Throws on a stream number that is not 0..3. */
  *push(chunk: Uint8Array): Generator<Frame> {
    let offset = 0;
    while (offset < chunk.byteLength) {
      if (this.#remaining > 0) {
        const end = Math.min(chunk.byteLength, offset + this.#remaining);
        yield { stream: this.#stream, payload: chunk.subarray(offset, end) };
        this.#remaining -= end - offset;
        offset = end;
        continue;
      }
      this.#header[this.#headerBytes] = chunk[offset] ?? 0;
      this.#headerBytes += 1;
      offset += 1;
      if (this.#headerBytes < STDCOPY_HEADER_BYTES) continue;
      const name = NAME[this.#header[0] ?? 0];
      if (name === undefined) throw new Error(`Unrecognized input header: ${String(this.#header[0])}`);
      this.#stream = name;
      this.#remaining = new DataView(this.#header.buffer).getUint32(4);
      this.#headerBytes = 0;
    }
  }
}

/** Up to here a loop is faster than a call that copies. */
const shortBytes = 96;

/**
 * Like {@link FrameDecoder} for who wants the streams' bytes and not the frames: neighbouring payloads of one stream come
 * as one piece, so that a million lines are not a million writes.
 */
export class Demultiplexer {
  readonly #header = new Uint8Array(STDCOPY_HEADER_BYTES);
  #headerBytes = 0;
  #stream = 0;
  #remaining = 0;
  #joined = new Uint8Array(64 * 1024);

  /**
   * Calls `write` for the pieces in `chunk`, in order; what it is given is valid until it returns. Throws on a stream
   * number that is not 0..3.
   */
  push(chunk: Uint8Array, write: (stream: StdStream, bytes: Uint8Array) => void): void {
    if (this.#joined.byteLength < chunk.byteLength) this.#joined = new Uint8Array(chunk.byteLength);
    const joined = this.#joined;
    let length = 0;
    let offset = 0;
    while (offset < chunk.byteLength) {
      if (this.#remaining > 0) {
        const end = Math.min(chunk.byteLength, offset + this.#remaining);
        this.#remaining -= end - offset;
        if (end - offset > shortBytes) {
          joined.set(chunk.subarray(offset, end), length);
          length += end - offset;
          offset = end;
        } else while (offset < end) joined[length++] = chunk[offset++] as number;
        continue;
      }
      this.#header[this.#headerBytes++] = chunk[offset++] as number;
      if (this.#headerBytes < STDCOPY_HEADER_BYTES) continue;
      this.#headerBytes = 0;
      const stream = this.#header[0] as number;
      if (stream >= NAME.length) throw new Error(`Unrecognized input header: ${String(stream)}`);
      if (stream !== this.#stream && length > 0) {
        write(NAME[this.#stream] as StdStream, joined.subarray(0, length));
        length = 0;
      }
      this.#stream = stream;
      const header = this.#header;
      this.#remaining =
        (header[4] as number) * 0x1000000 +
        ((header[5] as number) << 16) +
        ((header[6] as number) << 8) +
        (header[7] as number);
    }
    if (length > 0) write(NAME[this.#stream] as StdStream, joined.subarray(0, length));
  }
}
