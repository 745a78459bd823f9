import { viewOf } from "#base/data-view.ts";
/**
 * DNS messages (RFC 1035, EDNS of RFC 6891): pure. Questions are parsed strictly and echoed as they came, so that a
 * client's mixed case comes back to it; of what upstream servers say only the header and the question are looked at.
 */
export const recordTypes = { a: 1, ptr: 12, aaaa: 28, opt: 41, any: 255 } as const;
export const rcodes = { noError: 0, formErr: 1, servFail: 2, nxDomain: 3, notImp: 4, refused: 5, badVers: 16 } as const;
/** Without EDNS (RFC 1035, section 4.2.1). */
export const PLAIN_UDP_BYTES = 512;
/** More than that is not sent in one datagram whatever the client says it takes. */
const MAX_UDP_BYTES = 4096;
export const MAX_TCP_BYTES = 65_535;
const HEADER_BYTES = 12;
/** Of a record whose name is a pointer, before its data. */
const RECORD_HEADER_BYTES = 12;
const OPT_BYTES = 11;
const CLASS_IN = 1;
const CLASS_ANY = 255;
const FLAG_RESPONSE = 0x8000;
const FLAG_TRUNCATED = 0x0200;
const FLAG_RECURSION_DESIRED = 0x0100;
const FLAG_RECURSION_AVAILABLE = 0x0080;
/** To the question's name, which always stands behind the header. */
const POINTER_TO_QUESTION = 0xc000 | HEADER_BYTES;

export interface Query {
  readonly id: number;
  readonly recursionDesired: boolean;
  /** Lower case, without the final dot; a dot or backslash inside a label has a backslash in front. */
  readonly name: string;
  readonly type: number;
  /** True for the classes IN and ANY. */
  readonly internet: boolean;
  /** Name, type and class as they came. */
  readonly question: Uint8Array;
  /** Undefined without EDNS. */
  readonly edns: { readonly udpBytes: number; readonly version: number } | undefined;
}

/** What a datagram is: something to answer, something wrong to say so about, or nothing to react to. */
export type Parsed =
  | { readonly kind: "query"; readonly query: Query }
  | { readonly kind: "bad"; readonly answer: Uint8Array }
  | { readonly kind: "noise" };

export interface ResourceRecord {
  readonly type: number;
  readonly ttlSeconds: number;
  readonly data: Uint8Array;
}

/** Answers and too short messages are noise: reacting to them would let two servers talk for ever. */
export function parseQuery(bytes: Uint8Array): Parsed {
  if (bytes.length < HEADER_BYTES) return { kind: "noise" };
  const view = viewOf(bytes);
  const flags = view.getUint16(2);
  if ((flags & FLAG_RESPONSE) !== 0) return { kind: "noise" };
  if ((flags & 0x7800) !== 0) return { kind: "bad", answer: bareAnswer(view.getUint16(0), flags, rcodes.notImp) };
  const query = view.getUint16(4) === 1 ? readQuery(bytes, flags) : undefined;
  if (query === undefined) return { kind: "bad", answer: bareAnswer(view.getUint16(0), flags, rcodes.formErr) };
  return { kind: "query", query };
}

/** How many bytes the client takes in one datagram. */
export function udpLimit({ edns }: Query): number {
  return Math.min(MAX_UDP_BYTES, Math.max(PLAIN_UDP_BYTES, edns?.udpBytes ?? 0));
}

/** What does not fit in `limit` is left out, and the client told to ask by TCP. */
export function encodeAnswer(
  query: Query,
  rcode: number,
  records: readonly ResourceRecord[],
  limit: number,
): Uint8Array {
  const optBytes = query.edns === undefined ? 0 : OPT_BYTES;
  const begin = HEADER_BYTES + query.question.length;
  const room = limit - begin - optBytes;
  let [fitting, used] = [0, 0];
  for (const { data } of records) {
    if (used + RECORD_HEADER_BYTES + data.length > room) break;
    fitting++;
    used += RECORD_HEADER_BYTES + data.length;
  }
  // One piece of memory: this is done for every question of every container.
  const answer = new Uint8Array(begin + used + optBytes);
  const view = viewOf(answer);
  const truncated = fitting < records.length ? FLAG_TRUNCATED : 0;
  const desired = query.recursionDesired ? FLAG_RECURSION_DESIRED : 0;
  view.setUint16(0, query.id);
  view.setUint16(2, FLAG_RESPONSE | desired | FLAG_RECURSION_AVAILABLE | truncated | (rcode & 15));
  view.setUint16(4, 1);
  view.setUint16(6, fitting);
  view.setUint16(10, optBytes > 0 ? 1 : 0);
  answer.set(query.question, HEADER_BYTES);
  let at = begin;
  for (const record of records.slice(0, fitting)) at = writeRecord(answer, at, record);
  if (optBytes > 0) writeOpt(view, at, rcode);
  return answer;
}

/** A whole answer that is too large for a datagram: nothing of it, and the bit that says so. */
export function encodeTruncated(query: Query): Uint8Array {
  const answer = encodeAnswer(query, rcodes.noError, [], PLAIN_UDP_BYTES);
  viewOf(answer).setUint16(2, viewOf(answer).getUint16(2) | FLAG_TRUNCATED);
  return answer;
}

/** The same message under another id. */
export function withId(message: Uint8Array, id: number): Uint8Array {
  const copy = message.slice();
  viewOf(copy).setUint16(0, id);
  return copy;
}

/** Header of an answer to `query` that was sent under `id`; undefined when it is no such answer. */
export function parseAnswer(
  bytes: Uint8Array,
  query: Query,
  id: number,
): { readonly rcode: number; readonly truncated: boolean } | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const view = viewOf(bytes);
  const flags = view.getUint16(2);
  if (view.getUint16(0) !== id || (flags & FLAG_RESPONSE) === 0) return undefined;
  const rcode = flags & 15;
  // A server that makes nothing of the question may leave it out.
  const withoutQuestion = view.getUint16(4) === 0 && rcode !== rcodes.noError;
  if (!withoutQuestion && (view.getUint16(4) !== 1 || !repeatsQuestion(bytes, query))) return undefined;
  return { rcode, truncated: (flags & FLAG_TRUNCATED) !== 0 };
}

/** `undefined` for what no host name can be: an empty or too long label or name. */
export function encodeName(name: string): Uint8Array | undefined {
  const labels = name.split(".").map((label) => Buffer.from(label, "latin1"));
  if (labels.some((label) => label.length === 0 || label.length > 63)) return undefined;
  const encoded = join([...labels.flatMap((label) => [Uint8Array.of(label.length), label]), Uint8Array.of(0)]);
  return encoded.length > 255 ? undefined : encoded;
}

/** For the class IN; undefined as in {@link encodeName}. */
export function encodeQuestion(name: string, type: number): Uint8Array | undefined {
  const encoded = encodeName(name);
  return encoded && join([encoded, Uint8Array.of(type >> 8, type & 0xff, 0, CLASS_IN)]);
}

/** As it stands in an answer. */
export function encodeRecord(record: ResourceRecord): Uint8Array {
  const bytes = new Uint8Array(RECORD_HEADER_BYTES + record.data.length);
  writeRecord(bytes, 0, record);
  return bytes;
}

function repeatsQuestion(bytes: Uint8Array, query: Query): boolean {
  const name = readName(bytes, HEADER_BYTES);
  if (name === undefined || name.text !== query.name) return false;
  const rest = bytes.subarray(name.end, name.end + 4);
  return Buffer.compare(rest, query.question.subarray(-4)) === 0;
}

function readQuery(bytes: Uint8Array, flags: number): Query | undefined {
  const view = viewOf(bytes);
  const name = readName(bytes, HEADER_BYTES);
  if (name === undefined || name.end + 4 > bytes.length) return undefined;
  const edns = readEdns(bytes, name.end + 4, view.getUint16(6) + view.getUint16(8) + view.getUint16(10));
  if (edns === "malformed") return undefined;
  const class_ = view.getUint16(name.end + 2);
  return {
    id: view.getUint16(0),
    recursionDesired: (flags & FLAG_RECURSION_DESIRED) !== 0,
    name: name.text,
    type: view.getUint16(name.end),
    internet: class_ === CLASS_IN || class_ === CLASS_ANY,
    question: bytes.slice(HEADER_BYTES, name.end + 4),
    edns,
  };
}

/** A name without compression, which has nothing to point to in a question. */
function readName(bytes: Uint8Array, start: number): { readonly text: string; readonly end: number } | undefined {
  const labels: string[] = [];
  for (let at = start; ;) {
    const length = bytes[at];
    if (length === undefined || length > 63 || at - start + length > 254) return undefined;
    at += 1;
    if (length === 0) return { text: labels.join("."), end: at };
    const label = Buffer.from(bytes.buffer, bytes.byteOffset + at, Math.min(length, bytes.length - at));
    if (label.length < length) return undefined;
    labels.push(
      label
        .toString("latin1")
        .replace(/[.\\]/g, "\\$&")
        .replace(/[A-Z]/g, (letter) => letter.toLowerCase()),
    );
    at += length;
  }
}

/** The first OPT among the `count` records behind the question. */
function readEdns(bytes: Uint8Array, start: number, count: number): Query["edns"] | "malformed" {
  const view = viewOf(bytes);
  let edns: Query["edns"];
  for (let index = 0, at = start; index < count; index++) {
    const fixed = skipName(bytes, at);
    if (fixed === undefined || fixed + 10 > bytes.length) return "malformed";
    if (view.getUint16(fixed) === recordTypes.opt) {
      edns ??= { udpBytes: view.getUint16(fixed + 2), version: view.getUint8(fixed + 5) };
    }
    at = fixed + 10 + view.getUint16(fixed + 8);
    if (at > bytes.length) return "malformed";
  }
  return edns;
}

function skipName(bytes: Uint8Array, start: number): number | undefined {
  for (let at = start; ;) {
    const length = bytes[at];
    if (length === undefined) return undefined;
    if (length >= 0xc0) return at + 2;
    if (length > 63) return undefined;
    at += 1 + length;
    if (length === 0) return at;
  }
}

/** Where the next one begins. */
function writeRecord(answer: Uint8Array, at: number, { type, ttlSeconds, data }: ResourceRecord): number {
  const view = viewOf(answer);
  view.setUint16(at, POINTER_TO_QUESTION);
  view.setUint16(at + 2, type);
  view.setUint16(at + 4, CLASS_IN);
  view.setUint32(at + 6, ttlSeconds);
  view.setUint16(at + 10, data.length);
  answer.set(data, at + RECORD_HEADER_BYTES);
  return at + RECORD_HEADER_BYTES + data.length;
}

/** Of version 0; carries the upper bits of the code. */
function writeOpt(view: DataView, at: number, rcode: number): void {
  view.setUint16(at + 1, recordTypes.opt);
  view.setUint16(at + 3, MAX_UDP_BYTES);
  view.setUint8(at + 5, rcode >> 4);
}

function bareAnswer(id: number, flags: number, rcode: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(HEADER_BYTES));
  view.setUint16(0, id);
  view.setUint16(2, FLAG_RESPONSE | (flags & 0x7900) | FLAG_RECURSION_AVAILABLE | rcode);
  return new Uint8Array(view.buffer);
}

const join = (parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
