import { parseTime } from "#base/time.ts";
import { maxRecordBytes, recordStream } from "#runtime/shim/record.ts";
import type { EntryFormat, EntrySink, EntryTime } from "./entry-format.ts";

const newline = 0x0a;
const quote = 0x22;
const backslash = 0x5c;
const letterN = 0x6e;
const closingBrace = 0x7d;
const prefix = Buffer.from('{"log":"');
const streamPrefix = Buffer.from('","stream":"std');
const timePrefix = Buffer.from('"time":"');

/** Docker's json-file lines. Those the shim writes are read byte by byte, others as JSON. */
export class JsonFormat implements EntryFormat {
  /** Escapes make six bytes of one; attributes have no bound of their own, but create's body has. */
  readonly maxBytes = 6 * maxRecordBytes + (4 << 20);
  readonly #text = new Uint8Array(4 * maxRecordBytes);
  readonly #time = new TextTime();

  decode(bytes: Uint8Array, sink: EntrySink): number {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let offset = 0;
    for (;;) {
      const end = buffer.indexOf(newline, offset);
      if (end < 0) return offset;
      const wanted = this.#line(buffer, offset, end, sink);
      offset = end + 1;
      if (!wanted) return offset;
    }
  }

  startOf(bytes: Uint8Array, end: number, fileStart: boolean): number | undefined {
    if (bytes[end - 1] !== newline) return undefined;
    const before = end < 2 ? -1 : bytes.lastIndexOf(newline, end - 2);
    return before < 0 && !fileStart ? undefined : before + 1;
  }

  soundEnd(bytes: Uint8Array): number | undefined {
    const last = bytes.lastIndexOf(newline);
    return last < 0 && bytes.byteLength > 0 ? undefined : last + 1;
  }

  #line(line: Buffer, start: number, end: number, sink: EntrySink): boolean {
    if (!matches(line, start, prefix)) return this.#other(line.toString("utf8", start, end), sink);
    const from = start + prefix.byteLength;
    let at = from;
    while (at < end && line[at] !== quote && line[at] !== backslash) at += 1;
    let text: Uint8Array = line;
    let textStart = from;
    let textEnd = at;
    let partial = true;
    if (line[at] === backslash && line[at + 1] === letterN && line[at + 2] === quote) {
      at += 2;
      partial = false;
    } else if (line[at] === backslash) {
      const close = closingQuote(line, at, end);
      const unescaped = unescape(line, from, close, this.#text);
      if (unescaped === undefined) return this.#other(line.toString("utf8", start, end), sink);
      text = this.#text;
      textStart = 0;
      partial = text[unescaped - 1] !== newline;
      textEnd = partial ? unescaped : unescaped - 1;
      at = close;
    }
    const time = timeStart(line, end);
    if (!matches(line, at, streamPrefix) || time < 0) return this.#other(line.toString("utf8", start, end), sink);
    const stream = line[at + streamPrefix.byteLength] === 0x65 ? recordStream.stderr : recordStream.stdout;
    this.#time.set(line, time, end - 2);
    return sink.entry(text, textStart, textEnd, stream, partial, this.#time);
  }

  /** A line of another writer, or none at all: then nothing comes of it. */
  #other(line: string, sink: EntrySink): boolean {
    try {
      const { log, stream, time } = JSON.parse(line) as { log?: unknown; stream?: unknown; time?: unknown };
      if (typeof log !== "string" || typeof time !== "string") return true;
      const partial = !log.endsWith("\n");
      const text = Buffer.from(partial ? log : log.slice(0, -1));
      const number = stream === "stderr" ? recordStream.stderr : recordStream.stdout;
      const timeNs = parseTime(time);
      return sink.entry(text, 0, text.byteLength, number, partial, { now: () => timeNs });
    } catch {
      return true;
    }
  }
}

function matches(bytes: Uint8Array, at: number, wanted: Uint8Array): boolean {
  for (let index = 0; index < wanted.byteLength; index += 1) if (bytes[at + index] !== wanted[index]) return false;
  return true;
}

/** Where the time's text begins in a line that ends with `"time":"…"}`; -1 when it does not. */
function timeStart(line: Uint8Array, end: number): number {
  if (line[end - 1] !== closingBrace || line[end - 2] !== quote) return -1;
  let at = end - 3;
  while (at > 0 && line[at] !== quote) at -= 1;
  const start = at + 1 - timePrefix.byteLength;
  return start >= 0 && matches(line, start, timePrefix) ? at + 1 : -1;
}

function closingQuote(line: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && line[at] !== quote) at += line[at] === backslash ? 2 : 1;
  return Math.min(at, end);
}

const simple: Readonly<Record<number, number>> = {
  0x22: 0x22,
  0x2f: 0x2f,
  0x5c: 0x5c,
  0x62: 0x08,
  0x66: 0x0c,
  0x6e: 0x0a,
  0x72: 0x0d,
  0x74: 0x09,
};

/** Bytes written to `into`; undefined for what the shim does not write. */
function unescape(line: Uint8Array, from: number, to: number, into: Uint8Array): number | undefined {
  let out = 0;
  for (let at = from; at < to; at += 1) {
    if (out + 3 > into.byteLength) return undefined;
    const byte = line[at] as number;
    if (byte !== backslash) {
      into[out++] = byte;
      continue;
    }
    const kind = line[(at += 1)] as number;
    const plain = simple[kind];
    if (plain !== undefined) {
      into[out++] = plain;
      continue;
    }
    const code =
      kind === 0x75 ? Number.parseInt(String.fromCharCode(...line.subarray(at + 1, at + 5)), 16) : Number.NaN;
    if (Number.isNaN(code) || (code >= 0xd800 && code < 0xe000)) return undefined;
    at += 4;
    if (code < 0x80) into[out++] = code;
    else if (code < 0x800) {
      into[out++] = 0xc0 | (code >> 6);
      into[out++] = 0x80 | (code & 0x3f);
    } else {
      into[out++] = 0xe0 | (code >> 12);
      into[out++] = 0x80 | ((code >> 6) & 0x3f);
      into[out++] = 0x80 | (code & 0x3f);
    }
  }
  return out;
}

function timeOf(text: string): bigint | undefined {
  try {
    return parseTime(text);
  } catch {
    return undefined;
  }
}

/**
 * Lines that were written together have one time: its number is made once. A line whose time is damaged has that of the
 * line before.
 */
class TextTime implements EntryTime {
  #line: Buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;
  #text = "";
  #value = 0n;

  set(line: Buffer, start: number, end: number): void {
    this.#line = line;
    this.#start = start;
    this.#end = end;
  }

  now(): bigint {
    const text = this.#line.toString("latin1", this.#start, this.#end);
    if (text !== this.#text) {
      this.#text = text;
      this.#value = timeOf(text) ?? this.#value;
    }
    return this.#value;
  }
}
