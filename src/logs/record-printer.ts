import { formatTimeFixed } from "#base/time.ts";
import {
  maxRecordBytes,
  recordFlag,
  recordHeaderBytes,
  recordMagic0,
  recordMagic1,
  recordStream,
  recordTrailerBytes,
} from "#runtime/shim/record.ts";
import { STDCOPY_HEADER_BYTES } from "#spec/docker/stdcopy.ts";
import type { LogQuery } from "./types.ts";

const newline = 0x0a;

/**
 * Turns bytes of record files into what clients read, in one pass over a buffer: a million lines must not become a
 * million objects.
 */
export class RecordPrinter {
  readonly #query: Pick<LogQuery, "stdout" | "stderr" | "sinceNs" | "untilNs" | "print">;
  /** Streams whose last record was partial: what follows there does not begin a line. */
  readonly #within = { 1: false, 2: false } as Record<number, boolean>;
  #out = new Uint8Array(256 * 1024);
  #length = 0;
  #past = false;
  #prefixLow = -1;
  #prefixHigh = -1;
  #prefixBytes: Uint8Array = new Uint8Array();

  constructor(query: Pick<LogQuery, "stdout" | "stderr" | "sinceNs" | "untilNs" | "print">) {
    this.#query = query;
  }

  /** A record later than `until` was seen: there is nothing more to come. */
  get past(): boolean {
    return this.#past;
  }

  /**
   * Print the whole records in `bytes`; the result says how many bytes they took. Stops at the first thing that is no
   * record: a torn end, or one that is still being written.
   */
  push(bytes: Uint8Array): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const { stdout, stderr, sinceNs, untilNs } = this.#query;
    let offset = 0;
    while (offset + recordHeaderBytes <= bytes.byteLength && !this.#past) {
      const length = view.getUint32(offset, true);
      const end = offset + recordHeaderBytes + length + recordTrailerBytes;
      if (bytes[offset + 6] !== recordMagic0 || bytes[offset + 7] !== recordMagic1 || length > maxRecordBytes) break;
      if (end > bytes.byteLength) break;
      const stream = bytes[offset + 4] ?? 0;
      const partial = ((bytes[offset + 5] ?? 0) & recordFlag.partial) !== 0;
      const payload = offset + recordHeaderBytes;
      const wanted = stream === recordStream.stderr ? stderr : stdout;
      const timeNs = sinceNs === undefined && untilNs === undefined ? undefined : view.getBigUint64(offset + 8, true);
      if (timeNs !== undefined && untilNs !== undefined && timeNs > untilNs) this.#past = true;
      else if (wanted && (timeNs === undefined || sinceNs === undefined || timeNs >= sinceNs)) {
        this.#print(bytes, view, offset, payload, length, stream, partial);
      }
      this.#within[stream] = partial;
      offset = end;
    }
    return offset;
  }

  /** What was printed since the last call. */
  take(): Uint8Array {
    const taken = this.#out.slice(0, this.#length);
    this.#length = 0;
    return taken;
  }

  #print(
    bytes: Uint8Array,
    view: DataView,
    offset: number,
    payload: number,
    length: number,
    stream: number,
    partial: boolean,
  ): void {
    const { framed, timestamps, attributes } = this.#query.print;
    const prefixed = (timestamps || attributes !== "") && this.#within[stream] !== true;
    const prefix = prefixed
      ? this.#prefix(view.getUint32(offset + 8, true), view.getUint32(offset + 12, true))
      : undefined;
    const size = (prefix?.byteLength ?? 0) + length + (partial ? 0 : 1);
    this.#reserve(size + STDCOPY_HEADER_BYTES);
    const out = this.#out;
    let at = this.#length;
    if (framed) {
      out[at] = stream;
      out[at + 1] = out[at + 2] = out[at + 3] = 0;
      out[at + 4] = size >>> 24;
      out[at + 5] = size >>> 16;
      out[at + 6] = size >>> 8;
      out[at + 7] = size;
      at += STDCOPY_HEADER_BYTES;
    }
    if (prefix !== undefined) {
      out.set(prefix, at);
      at += prefix.byteLength;
    }
    out.set(bytes.subarray(payload, payload + length), at);
    at += length;
    if (!partial) out[at++] = newline;
    this.#length = at;
  }

  /** Lines that were written together have one time: its text is made once. The time comes in two halves of 32 bits. */
  #prefix(low: number, high: number): Uint8Array {
    if (low !== this.#prefixLow || high !== this.#prefixHigh) {
      const { timestamps, attributes } = this.#query.print;
      const time = timestamps ? `${formatTimeFixed((BigInt(high) << 32n) | BigInt(low))} ` : "";
      this.#prefixBytes = Buffer.from(`${time}${attributes}`);
      this.#prefixLow = low;
      this.#prefixHigh = high;
    }
    return this.#prefixBytes;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#out.byteLength) return;
    const larger = new Uint8Array(Math.max(this.#out.byteLength * 2, this.#length + more));
    larger.set(this.#out.subarray(0, this.#length));
    this.#out = larger;
  }
}
