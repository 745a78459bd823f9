import { formatTimeFixed } from "#base/time.ts";
import { recordStream } from "#runtime/shim/record.ts";
import { STDCOPY_HEADER_BYTES } from "#spec/docker/stdcopy.ts";
import type { EntrySink, EntryTime } from "../format/entry-format.ts";
import type { LogQuery } from "../types.ts";

const newline = 0x0a;
/** Up to here a loop is faster than a call that copies. */
const shortBytes = 96;
const firstOutBytes = 4 * 1024;
const outBytes = 768 * 1024;

/**
 * Turns entries into what clients read, in one pass over a buffer: a million lines must not become a million objects.
 */
export class EntryPrinter implements EntrySink {
  readonly #stdout: boolean;
  readonly #stderr: boolean;
  readonly #sinceNs: bigint | undefined;
  readonly #untilNs: bigint | undefined;
  readonly #timed: boolean;
  readonly #framed: boolean;
  readonly #timestamps: boolean;
  readonly #attributes: string;
  /** Streams whose last entry was partial: what follows there does not begin a line. */
  readonly #within = [false, false, false];
  #out = Buffer.allocUnsafe(firstOutBytes);
  #length = 0;
  #past = false;
  #prefixTime = -1n;
  #prefixBytes: Uint8Array = new Uint8Array();

  constructor(query: Pick<LogQuery, "stdout" | "stderr" | "sinceNs" | "untilNs" | "print">) {
    this.#stdout = query.stdout;
    this.#stderr = query.stderr;
    this.#sinceNs = query.sinceNs;
    this.#untilNs = query.untilNs;
    this.#timed = query.sinceNs !== undefined || query.untilNs !== undefined;
    this.#framed = query.print.framed;
    this.#timestamps = query.print.timestamps;
    this.#attributes = query.print.attributes;
  }

  /** An entry later than `until` was seen: there is nothing more to come. */
  get past(): boolean {
    return this.#past;
  }

  entry(bytes: Uint8Array, start: number, end: number, stream: number, partial: boolean, time: EntryTime): boolean {
    const wanted = stream === recordStream.stderr ? this.#stderr : this.#stdout;
    if (this.#timed) {
      const timeNs = time.now();
      if (this.#untilNs !== undefined && timeNs > this.#untilNs) {
        this.#past = true;
        return false;
      }
      if (this.#sinceNs !== undefined && timeNs < this.#sinceNs) {
        this.#within[stream] = partial;
        return true;
      }
    }
    if (wanted) this.#print(bytes, start, end, stream, partial, time);
    this.#within[stream] = partial;
    return true;
  }

  /** What was printed since the last call; the caller's to keep. */
  take(): Uint8Array {
    const taken = new Uint8Array(this.#length);
    taken.set(this.#out.subarray(0, this.#length));
    this.#length = 0;
    return taken;
  }

  #print(bytes: Uint8Array, start: number, end: number, stream: number, partial: boolean, time: EntryTime): void {
    const prefixed = (this.#timestamps || this.#attributes !== "") && this.#within[stream] !== true;
    const prefix = prefixed ? this.#prefix(time) : undefined;
    const length = end - start;
    const size = (prefix === undefined ? 0 : prefix.byteLength) + length + (partial ? 0 : 1);
    if (this.#length + size + STDCOPY_HEADER_BYTES > this.#out.byteLength) this.#grow(size + STDCOPY_HEADER_BYTES);
    const out = this.#out;
    let at = this.#length;
    if (this.#framed) {
      out[at] = stream;
      out[at + 1] = 0;
      out[at + 2] = 0;
      out[at + 3] = 0;
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
    if (length <= shortBytes) for (let from = start; from < end; from += 1) out[at++] = bytes[from] as number;
    else {
      out.set(bytes.subarray(start, end), at);
      at += length;
    }
    if (!partial) out[at++] = newline;
    this.#length = at;
  }

  /** Lines that were written together have one time: its text is made once. */
  #prefix(time: EntryTime): Uint8Array {
    const timeNs = this.#timestamps ? time.now() : 0n;
    if (timeNs !== this.#prefixTime) {
      const text = this.#timestamps ? `${formatTimeFixed(timeNs)} ` : "";
      this.#prefixBytes = Buffer.from(`${text}${this.#attributes}`);
      this.#prefixTime = timeNs;
    }
    return this.#prefixBytes;
  }

  #grow(more: number): void {
    const larger = Buffer.allocUnsafe(Math.max(outBytes, this.#out.byteLength * 2, this.#length + more));
    larger.set(this.#out.subarray(0, this.#length));
    this.#out = larger;
  }
}
