import { BerthError } from "#base/errors.ts";
import { BLOCK_SIZE } from "./header.ts";
import type { PaxRecords } from "./pax.ts";

/**
 * Files with holes as GNU tar 1.0 writes them in pax archives (GNU tar manual, "Storing Sparse Files"): records
 * `GNU.sparse.*` give the real name and size; the member's data begin with a map, a number a line (how many ranges, then
 * offset and length of each), filled up to a block, and go on with the ranges' bytes.
 */
export interface DataRange {
  readonly start: number;
  /** Behind the last byte. */
  readonly end: number;
}

const MAX_DIGITS = 16;
const MAX_NUMBERS = 1 << 22;
const NEWLINE = 0x0a;

/** The map with its padding. A hole at the end needs an empty range there, because readers look for the last one. */
export function encodeSparseMap(ranges: readonly DataRange[], size: number): Uint8Array {
  const told = ranges.at(-1)?.end === size ? ranges : [...ranges, { start: size, end: size }];
  const numbers = [told.length, ...told.flatMap(({ start, end }) => [start, end - start])];
  const text = Buffer.from(`${numbers.join("\n")}\n`);
  return Buffer.concat([text, new Uint8Array((BLOCK_SIZE - (text.length % BLOCK_SIZE)) % BLOCK_SIZE)]);
}

/** Real name and size of a member in this form; undefined for any other member, `not-implemented` for older forms. */
export function sparseFile(pax: PaxRecords): { readonly name: string; readonly size: number } | undefined {
  const { values } = pax;
  if (![...values.keys()].some((key) => key.startsWith("GNU.sparse."))) return undefined;
  const name = values.get("GNU.sparse.name");
  const size = Number(values.get("GNU.sparse.realsize"));
  if (values.get("GNU.sparse.major") !== "1" || values.get("GNU.sparse.minor") !== "0" || name === undefined) {
    throw new BerthError(
      "not-implemented",
      `sparse file ${name ?? ""} in the archive has a form that is not supported`,
    );
  }
  if (!Number.isSafeInteger(size) || size < 0) throw malformed("size");
  return { name, size };
}

/** Where a file's bytes go; see TarSink. */
interface FileSink {
  data(chunk: Uint8Array, start: number, end: number): void;
  hole?(length: number): void;
}

/** Spreads a member's data over the file they belong to: holes are told to the sink, or given as zeros where it cannot. */
export class SparseBody {
  readonly #sink: FileSink;
  readonly #size: number;
  readonly #map = new SparseMapReader();
  #ranges: readonly DataRange[] | undefined;
  #range = 0;
  #position = 0;

  constructor(sink: FileSink, size: number) {
    this.#sink = sink;
    this.#size = size;
  }

  /** Bytes `start..end` of `chunk`, of the member's data. */
  push(chunk: Uint8Array, start: number, end: number): void {
    let at = start;
    if (this.#ranges === undefined) {
      at = this.#map.push(chunk, start, end);
      if (!this.#map.complete) return;
      this.#ranges = this.#map.ranges(this.#size);
    }
    while (at < end) {
      const range = this.#ranges[this.#range];
      if (range === undefined) throw malformed("more data than its map says");
      this.#hole(range.start);
      const taken = Math.min(end - at, range.end - this.#position);
      if (taken > 0) this.#sink.data(chunk, at, at + taken);
      at += taken;
      this.#position += taken;
      if (this.#position === range.end) this.#range++;
    }
  }

  end(): void {
    if (this.#ranges === undefined || this.#ranges.slice(this.#range).some(({ start, end }) => start < end))
      throw malformed("less data than its map says");
    this.#hole(this.#size);
  }

  #hole(until: number): void {
    let left = until - this.#position;
    if (left <= 0) return;
    this.#position = until;
    if (this.#sink.hole !== undefined) return this.#sink.hole(left);
    const zeros = new Uint8Array(Math.min(left, 1 << 16));
    for (; left > 0; left -= zeros.length) this.#sink.data(zeros, 0, Math.min(left, zeros.length));
  }
}

/** A number a line, the first tells how many pairs follow; then nothing up to the end of the block. */
class SparseMapReader {
  readonly #numbers: number[] = [];
  #digits = "";
  #bytes = 0;

  get complete(): boolean {
    return this.#hasAll && this.#bytes % BLOCK_SIZE === 0;
  }

  get #hasAll(): boolean {
    const [count] = this.#numbers;
    return count !== undefined && this.#numbers.length > count * 2;
  }

  /** Gives where the data begin, or `end`. */
  push(chunk: Uint8Array, start: number, end: number): number {
    let at = start;
    for (; at < end && !this.complete; at++, this.#bytes++) {
      if (this.#hasAll) continue;
      const byte = chunk[at] ?? 0;
      if (byte === NEWLINE) {
        this.#numbers.push(numberOf(this.#digits));
        this.#digits = "";
      } else this.#digits += String.fromCharCode(byte);
      if (this.#digits.length > MAX_DIGITS || this.#numbers.length > MAX_NUMBERS) throw malformed("map");
    }
    return at;
  }

  /** `invalid-parameter` unless they are in order and within a file of `size` bytes. */
  ranges(size: number): readonly DataRange[] {
    const [count = 0, ...pairs] = this.#numbers;
    let before = 0;
    return Array.from({ length: count }, (_, index) => {
      const start = pairs[index * 2] ?? 0;
      const end = start + (pairs[index * 2 + 1] ?? 0);
      if (start < before || end > size) throw malformed("map");
      before = end;
      return { start, end };
    });
  }
}

function numberOf(text: string): number {
  if (!/^\d+$/u.test(text) || !Number.isSafeInteger(Number(text))) throw malformed("map");
  return Number(text);
}

function malformed(what: string): BerthError {
  return new BerthError("invalid-parameter", `archive/tar: invalid sparse file (${what})`);
}
