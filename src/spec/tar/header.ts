import { BerthError } from "#base/errors.ts";
import { byteString, type ByteString } from "./byte-string.ts";

/**
 * One 512-byte tar header block. Sources: POSIX.1-2024 `pax` "ustar Interchange Format"; GNU tar manual "Basic Tar
 * Format" (magic "ustar  ", base-256 numbers, types L K S).
 */
export const BLOCK_SIZE = 512;

export interface RawHeader {
  readonly name: ByteString;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** Seconds since 1970; may be negative. */
  readonly mtime: number;
  /** The type flag as a character; NUL is given as "0". */
  readonly type: string;
  readonly linkName: ByteString;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
}

/** Offset and length of each field. */
const FIELD = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  linkName: [157, 100],
  magic: [257, 6],
  deviceMajor: [329, 8],
  deviceMinor: [337, 8],
  prefix: [345, 155],
} as const;

type Field = keyof typeof FIELD;

export function isZeroBlock(bytes: Uint8Array, at: number): boolean {
  for (let i = at; i < at + BLOCK_SIZE; i++) if (bytes[i] !== 0) return false;
  return true;
}

/** Parse the block at `at`; `invalid-parameter` when the checksum or a number is wrong. */
export function parseHeader(bytes: Uint8Array, at: number): RawHeader {
  verifyChecksum(bytes, at);
  const magic = text(bytes, at, "magic");
  const isPosix = magic === "ustar" && bytes[at + 262] === 0;
  const isUstar = magic.startsWith("ustar");
  const prefix = isPosix ? text(bytes, at, "prefix") : "";
  const name = text(bytes, at, "name");
  const flag = bytes[at + FIELD.type[0]] ?? 0;
  return {
    name: prefix === "" ? name : `${prefix}/${name}`,
    mode: number(bytes, at, "mode"),
    uid: number(bytes, at, "uid"),
    gid: number(bytes, at, "gid"),
    size: number(bytes, at, "size"),
    mtime: number(bytes, at, "mtime"),
    type: flag === 0 ? "0" : String.fromCharCode(flag),
    linkName: text(bytes, at, "linkName"),
    deviceMajor: isUstar ? number(bytes, at, "deviceMajor") : 0,
    deviceMinor: isUstar ? number(bytes, at, "deviceMinor") : 0,
  };
}

/** The sum of all bytes with the checksum field as spaces; some old writers summed signed bytes. */
function verifyChecksum(bytes: Uint8Array, at: number): void {
  const [start, length] = FIELD.checksum;
  let unsigned = 0;
  let high = 0;
  for (let i = 0; i < BLOCK_SIZE; i++) {
    const byte = i >= start && i < start + length ? 0x20 : (bytes[at + i] ?? 0);
    unsigned += byte;
    if (byte > 127) high += 256;
  }
  const stored = number(bytes, at, "checksum");
  if (stored !== unsigned && stored !== unsigned - high)
    throw new BerthError("invalid-parameter", "archive/tar: invalid tar header");
}

function text(bytes: Uint8Array, at: number, field: Field): ByteString {
  const [offset, length] = FIELD[field];
  const start = at + offset;
  let end = start;
  while (end < start + length && bytes[end] !== 0) end++;
  return byteString(bytes, start, end);
}

/** Octal digits between spaces and NULs, or a big-endian two's complement number when the first bit is set. */
function number(bytes: Uint8Array, at: number, field: Field): number {
  const [offset, length] = FIELD[field];
  const start = at + offset;
  const first = bytes[start] ?? 0;
  if ((first & 0x80) !== 0) return base256(bytes, start, length);
  let value = 0;
  let digits = 0;
  let ended = false;
  for (let i = start; i < start + length; i++) {
    const byte = bytes[i] ?? 0;
    if (byte === 0x20 || byte === 0) {
      if (digits > 0) ended = true;
      continue;
    }
    if (ended || byte < 0x30 || byte > 0x37) throw badNumber(field);
    value = value * 8 + (byte - 0x30);
    digits++;
  }
  return value;
}

function base256(bytes: Uint8Array, start: number, length: number): number {
  const negative = ((bytes[start] ?? 0) & 0x40) !== 0;
  const inverted = negative ? 0xff : 0;
  let value = 0;
  for (let i = 0; i < length; i++) {
    const byte = ((bytes[start + i] ?? 0) ^ inverted) & (i === 0 ? 0x7f : 0xff);
    value = value * 256 + byte;
    if (value > Number.MAX_SAFE_INTEGER) throw badNumber("size");
  }
  return negative ? -value - 1 : value;
}

function badNumber(field: Field): BerthError {
  return new BerthError("invalid-parameter", `archive/tar: invalid tar header (${field} is no number)`);
}
