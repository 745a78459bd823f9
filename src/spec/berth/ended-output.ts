import { encodeFrame, STDCOPY_HEADER_BYTES } from "../docker/stdcopy.ts";

/**
 * What `POST /berth/containers/{id}/run` and `POST /berth/exec/{id}/run` send: output in Docker's frames, that of a
 * terminal too, and behind it one frame with a stream number of its own: how it ended, as JSON. Engines that have these
 * requests name them in the header {@link featuresHeader} of every answer.
 */
export const endedOutputType = "application/vnd.berth.ended-output";
export const featuresHeader = "Berth-Features";
export const runFeature = "run";

const END_STREAM = 16;

/** The last frame. */
export function encodeEnd(end: unknown): Uint8Array {
  const frame = encodeFrame("stdin", new TextEncoder().encode(JSON.stringify(end)));
  frame[0] = END_STREAM;
  return frame;
}

/** Parts the end from the output, in pieces cut anywhere. `raw`: output without the heads of its frames. */
export class EndedOutput {
  readonly #raw: boolean;
  #held: Uint8Array = new Uint8Array(0);
  #remaining = 0;
  #inEnd = false;
  #text = "";
  readonly #decoder = new TextDecoder();

  constructor(options: { readonly raw: boolean }) {
    this.#raw = options.raw;
  }

  /** The output in `chunk`. */
  push(chunk: Uint8Array): Uint8Array {
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const payloads: Uint8Array[] = [];
    let outputEnd = 0;
    let at = 0;
    for (;;) {
      const payload = bytes.subarray(at, at + this.#remaining);
      at += payload.length;
      this.#remaining -= payload.length;
      if (this.#inEnd) this.#text += this.#decoder.decode(payload, { stream: true });
      else {
        outputEnd = at;
        if (this.#raw) payloads.push(payload);
      }
      if (this.#remaining > 0 || bytes.length - at < STDCOPY_HEADER_BYTES) break;
      this.#inEnd = bytes[at] === END_STREAM;
      this.#remaining = new DataView(bytes.buffer, bytes.byteOffset + at).getUint32(4);
      at += STDCOPY_HEADER_BYTES;
    }
    this.#held = bytes.subarray(at);
    return this.#raw ? Buffer.concat(payloads) : bytes.subarray(0, outputEnd);
  }

  /** How it ended; undefined when that was not told, or not all of it. */
  end(): unknown {
    return this.#inEnd && this.#remaining === 0 ? JSON.parse(this.#text) : undefined;
  }
}
