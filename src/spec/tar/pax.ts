import { BerthError } from "#base/errors.ts";
import { byteString, type ByteString } from "./byte-string.ts";

/**
 * Extended header records, `"%d %s=%s\n"` with the length counting itself. Source: POSIX.1-2024 `pax` "pax Extended
 * Header"; extended attributes as `SCHILY.xattr.<name>` (star(5)), values are bytes.
 */
export interface PaxRecords {
  readonly values: ReadonlyMap<string, ByteString>;
  readonly xattrs: ReadonlyMap<ByteString, Uint8Array>;
}

const XATTR_PREFIX = "SCHILY.xattr.";
const EQUALS = 0x3d;
const NEWLINE = 0x0a;
const SPACE = 0x20;

export function parsePax(bytes: Uint8Array): PaxRecords {
  const values = new Map<string, ByteString>();
  const xattrs = new Map<ByteString, Uint8Array>();
  let at = 0;
  while (at < bytes.length) {
    const { end, textStart } = recordBounds(bytes, at);
    const equals = bytes.indexOf(EQUALS, textStart);
    if (equals < 0 || equals >= end - 1 || equals === textStart) throw malformed();
    const key = byteString(bytes, textStart, equals);
    if (key.startsWith(XATTR_PREFIX)) {
      xattrs.set(key.slice(XATTR_PREFIX.length), bytes.slice(equals + 1, end - 1));
    } else {
      const value = byteString(bytes, equals + 1, end - 1);
      if (value.includes("\0") && (key === "path" || key === "linkpath")) throw malformed();
      if (value === "") values.delete(key);
      else values.set(key, value);
    }
    at = end;
  }
  return { values, xattrs };
}

/** A non-negative decimal, e.g. `size`, `uid`; undefined when absent. */
export function paxInteger(records: PaxRecords, key: string): number | undefined {
  const text = records.values.get(key);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^[0-9]+$/.test(text) || !Number.isSafeInteger(value)) throw malformed();
  return value;
}

/** A time like `1700000000.123456789`, split without losing nanoseconds. */
export function paxTime(records: PaxRecords, key: string): { seconds: number; nanoseconds: number } | undefined {
  const text = records.values.get(key);
  if (text === undefined) return undefined;
  const match = /^(-?)([0-9]{1,15})(?:\.([0-9]*))?$/.exec(text);
  if (match === null) throw malformed();
  const whole = Number(match[2]);
  const fraction = Number((match[3] ?? "").slice(0, 9).padEnd(9, "0"));
  if (match[1] === "") return { seconds: whole, nanoseconds: fraction };
  return fraction === 0
    ? { seconds: -whole, nanoseconds: 0 }
    : { seconds: -whole - 1, nanoseconds: 1_000_000_000 - fraction };
}

function recordBounds(bytes: Uint8Array, at: number): { end: number; textStart: number } {
  let length = 0;
  let i = at;
  for (; i < bytes.length && bytes[i] !== SPACE; i++) {
    const digit = (bytes[i] ?? 0) - 0x30;
    if (digit < 0 || digit > 9 || i - at > 8) throw malformed();
    length = length * 10 + digit;
  }
  const end = at + length;
  if (i === at || i + 1 >= end || end > bytes.length || bytes[end - 1] !== NEWLINE) throw malformed();
  return { end, textStart: i + 1 };
}

function malformed(): BerthError {
  return new BerthError("invalid-parameter", "archive/tar: invalid tar header (malformed extended header)");
}
