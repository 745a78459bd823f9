import { BerthError } from "#base/errors.ts";
import type { Duplex } from "./duplex.ts";
import {
  bodyFraming,
  headEnd,
  joined,
  latin1,
  malformed,
  parseHead,
  type BodyFraming,
  type ResponseHead,
} from "./message.ts";

/** Reads messages from a connection and keeps what was read too far for whoever comes next. */
export class MessageReader {
  readonly #stream: Pick<Duplex, "read">;
  #rest: Uint8Array | undefined;
  #ahead: Promise<Uint8Array | undefined> | undefined;

  constructor(stream: Pick<Duplex, "read">) {
    this.#stream = stream;
  }

  /** Bytes, kept ones first; `undefined` at the end. */
  read(): Promise<Uint8Array | undefined> {
    const rest = this.#rest;
    if (rest !== undefined) {
      this.#rest = undefined;
      return Promise.resolve(rest);
    }
    const ahead = this.#ahead;
    this.#ahead = undefined;
    return ahead ?? this.#stream.read();
  }

  /** Gives back what is the next reader's. */
  putBack(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#rest = bytes;
  }

  /** Reads ahead on an idle connection, so that its end is noticed: `onEvent` runs when anything at all happens. */
  watch(onEvent: () => void): void {
    this.#ahead ??= this.#stream.read();
    this.#ahead.then(onEvent, onEvent);
  }

  /** The next final head; informational ones (100, 103) are passed over. `undefined` when the peer closed before a byte. */
  async head(): Promise<ResponseHead | undefined> {
    for (;;) {
      let bytes = new Uint8Array(0);
      for (;;) {
        const chunk = await this.read();
        if (chunk === undefined) {
          if (bytes.length === 0) return undefined;
          throw new BerthError("unavailable", "unexpected EOF");
        }
        bytes = bytes.length === 0 ? new Uint8Array(chunk) : joined([bytes, chunk]);
        const end = headEnd(bytes);
        if (end === -1) continue;
        if (end < bytes.length) this.#rest = bytes.subarray(end);
        const head = parseHead(bytes.subarray(0, end));
        if (head.status >= 200 || head.status === 101) return head;
        break;
      }
    }
  }

  /** The next `bytes` bytes in one piece: the quick way to a short answer. */
  async exactly(bytes: number): Promise<Uint8Array> {
    if (bytes === 0) return new Uint8Array(0);
    const first = await this.read();
    if (first === undefined) throw new BerthError("unavailable", "unexpected EOF");
    if (first.length >= bytes) {
      if (first.length > bytes) this.#rest = first.subarray(bytes);
      return first.subarray(0, bytes);
    }
    const chunks = [first, ...(await Array.fromAsync(this.#exactly(bytes - first.length)))];
    return joined(chunks);
  }

  /** The body's bytes; returns normally only when it was complete. */
  body(method: string, head: ResponseHead): AsyncGenerator<Uint8Array, void> {
    return this.framed(bodyFraming(method, head));
  }

  /** The same of a message of either kind. */
  framed(framing: BodyFraming): AsyncGenerator<Uint8Array, void> {
    switch (framing.kind) {
      case "none":
        return this.#exactly(0);
      case "length":
        return this.#exactly(framing.bytes);
      case "until-close":
        return this.#untilClose();
      case "chunked":
        return this.#chunked();
    }
  }

  async *#untilClose(): AsyncGenerator<Uint8Array, void> {
    for (let chunk = await this.read(); chunk !== undefined; chunk = await this.read()) yield chunk;
  }

  async *#exactly(bytes: number): AsyncGenerator<Uint8Array, void> {
    let left = bytes;
    while (left > 0) {
      const chunk = await this.read();
      if (chunk === undefined) throw new BerthError("unavailable", "unexpected EOF");
      if (chunk.length > left) {
        this.#rest = chunk.subarray(left);
        yield chunk.subarray(0, left);
        return;
      }
      left -= chunk.length;
      yield chunk;
    }
  }

  async *#chunked(): AsyncGenerator<Uint8Array, void> {
    for (;;) {
      const size = /^([0-9a-fA-F]{1,12})(?:[ \t]*;.*)?$/.exec(await this.#line())?.[1];
      if (size === undefined) throw malformed("bad chunk size");
      const bytes = Number.parseInt(size, 16);
      if (bytes === 0) break;
      yield* this.#exactly(bytes);
      if ((await this.#line()) !== "") throw malformed("chunk without end");
    }
    while ((await this.#line()) !== "") continue; // trailers carry nothing for us
  }

  async #line(): Promise<string> {
    let text = "";
    for (;;) {
      const chunk = await this.read();
      if (chunk === undefined) throw new BerthError("unavailable", "unexpected EOF");
      const at = chunk.indexOf(10);
      text += latin1(at === -1 ? chunk : chunk.subarray(0, at));
      if (text.length > 64 * 1024) throw malformed("line too long");
      if (at === -1) continue;
      if (at + 1 < chunk.length) this.#rest = chunk.subarray(at + 1);
      return text.endsWith("\r") ? text.slice(0, -1) : text;
    }
  }
}
