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
