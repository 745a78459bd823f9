import type { ByteString } from "./byte-string.ts";
import { BLOCK_SIZE } from "./header.ts";
import { encodeSparseMap, type DataRange } from "./sparse.ts";
import type { TarEntry, TarEntryType } from "./tar-reader.ts";

const FLAGS: Readonly<Record<TarEntryType, string>> = {
  file: "0",
  hardlink: "1",
  symlink: "2",
  character: "3",
  block: "4",
  directory: "5",
  fifo: "6",
};

/** As which the checksum counts while it is added up. */
const CHECKSUM_FOR_ITSELF = " ".repeat(8);
const NAME_LENGTH = 100;
const PREFIX_LENGTH = 155;
/** What fits 7 and 11 octal digits. */
const MAX_SHORT_NUMBER = 0o7777777;
const MAX_LONG_NUMBER = 0o77777777777;

/** Ends an archive: two zero blocks. */
export const END_OF_ARCHIVE: Uint8Array = new Uint8Array(2 * BLOCK_SIZE);

/** Zero bytes that follow `size` bytes of data. */
export function paddingOf(size: number): number {
  return (BLOCK_SIZE - (size % BLOCK_SIZE)) % BLOCK_SIZE;
}

/**
 * The blocks in front of one member's data: a ustar header, and before it a pax extended header where a value does not
 * fit one: names that are long or not ASCII, big numbers, parts of a second, extended attributes. The same entry gives
 * the same bytes always: records come in a fixed order, owners have no names. Sources: see header.ts and pax.ts.
 */
export function encodeEntry(entry: TarEntry): Uint8Array {
  return encode(entry, [], entry.size);
}

/**
 * {@link encodeEntry} for a file with holes: what the data must begin with is part of it, the bytes of `ranges` and then
 * the padding of `dataBytes` have to follow.
 */
export function encodeSparseEntry(
  entry: TarEntry,
  ranges: readonly DataRange[],
): { readonly head: Uint8Array; readonly dataBytes: number } {
  const map = encodeSparseMap(ranges, entry.size);
  const dataBytes = ranges.reduce((sum, { start, end }) => sum + end - start, 0);
  const told: readonly (readonly [string, string])[] = [
    ["GNU.sparse.major", "1"],
    ["GNU.sparse.minor", "0"],
    ["GNU.sparse.name", entry.name],
    ["GNU.sparse.realsize", String(entry.size)],
  ];
  const name = `GNUSparseFile.0/${lastPart(entry.name)}`;
  const size = map.length + dataBytes;
  return { head: Buffer.concat([encode({ ...entry, name, size }, told, size), map]), dataBytes };
}

/** {@link encodeEntry} for what one header says, at `at` of bytes that are zero there. False, and nothing done, for anything else. */
export function putPlainEntry(into: Uint8Array, at: number, entry: TarEntry): boolean {
  const place = entry.type === "directory" ? undefined : split(entry.name);
  if (place === undefined || recordsOf(entry, entry.name, true).length > 0) return false;
  const [prefix, name] = place;
  putHeader(into, at, { entry, type: FLAGS[entry.type], prefix, name, size: entry.size });
  return true;
}

function encode(entry: TarEntry, more: readonly (readonly [string, string])[], size: number): Uint8Array {
  const name = entry.type === "directory" && !entry.name.endsWith("/") ? `${entry.name}/` : entry.name;
  const place = split(name);
  const extra = more.map(([key, value]) => record(key, Buffer.from(value, "latin1")));
  const records = [...extra, ...recordsOf(entry, name, place !== undefined)];
  const [prefix, short] = place ?? ["", ascii(name).slice(0, NAME_LENGTH)];
  const main = header({ entry, type: FLAGS[entry.type], prefix, name: short, size });
  if (records.length === 0) return main;
  const body = Buffer.concat(records);
  const extended = header({
    entry: { ...entry, mode: 0o644, uid: 0, gid: 0, linkName: "", deviceMajor: 0, deviceMinor: 0 },
    type: "x",
    prefix: "",
    name: `PaxHeaders.0/${ascii(lastPart(name))}`.slice(0, NAME_LENGTH),
    size: body.length,
  });
  return Buffer.concat([extended, body, new Uint8Array(paddingOf(body.length)), main]);
}

function recordsOf(entry: TarEntry, name: ByteString, nameFits: boolean): Uint8Array[] {
  const records: Uint8Array[] = [];
  const add = (key: string, value: string | Uint8Array): void => {
    records.push(record(key, typeof value === "string" ? Buffer.from(value, "latin1") : value));
  };
  if (!nameFits) add("path", name);
  if (entry.linkName.length > NAME_LENGTH || !isAscii(entry.linkName)) add("linkpath", entry.linkName);
  if (entry.size > MAX_LONG_NUMBER) add("size", String(entry.size));
  if (entry.uid > MAX_SHORT_NUMBER) add("uid", String(entry.uid));
  if (entry.gid > MAX_SHORT_NUMBER) add("gid", String(entry.gid));
  const { seconds, nanoseconds } = entry.mtime;
  if (nanoseconds !== 0 || seconds < 0 || seconds > MAX_LONG_NUMBER) add("mtime", timeText(seconds, nanoseconds));
  if (entry.xattrs === undefined) return records;
  const attributes = [...entry.xattrs].toSorted(([a], [b]) => (a < b ? -1 : 1));
  for (const [key, value] of attributes) add(`SCHILY.xattr.${key}`, value);
  return records;
}

/** `LENGTH KEY=VALUE\n`, where LENGTH counts its own digits. */
function record(key: string, value: Uint8Array): Uint8Array {
  const length = key.length + value.length + 3;
  let total = length + String(length).length;
  if (length + String(total).length !== total) total = length + String(total).length;
  return Buffer.concat([Buffer.from(`${total} ${key}=`, "latin1"), value, Buffer.from("\n")]);
}

function timeText(seconds: number, nanoseconds: number): string {
  const whole = seconds < 0 && nanoseconds > 0 ? seconds + 1 : seconds;
  const part = seconds < 0 && nanoseconds > 0 ? 1_000_000_000 - nanoseconds : nanoseconds;
  const sign = seconds < 0 ? "-" : "";
  const fraction = part === 0 ? "" : `.${String(part).padStart(9, "0").replace(/0+$/, "")}`;
  return `${sign}${Math.abs(whole)}${fraction}`;
}

interface HeaderParts {
  readonly entry: TarEntry;
  readonly type: string;
  readonly prefix: string;
  readonly name: string;
  readonly size: number;
}

function header(parts: HeaderParts): Uint8Array {
  const block = new Uint8Array(BLOCK_SIZE);
  putHeader(block, 0, parts);
  return block;
}

/** By hand, digit by digit, summed up on the way: trees of small files are mostly headers. */
function putHeader(block: Uint8Array, at: number, parts: HeaderParts): void {
  const { entry } = parts;
  let sum = putText(block, parts.name, at);
  sum += putOctal(block, entry.mode, at + 100, 7);
  sum += putOctal(block, entry.uid, at + 108, 7);
  sum += putOctal(block, entry.gid, at + 116, 7);
  sum += putOctal(block, parts.size, at + 124, 11);
  sum += putOctal(block, entry.mtime.seconds, at + 136, 11);
  sum += putText(block, CHECKSUM_FOR_ITSELF, at + 148);
  sum += putText(block, parts.type, at + 156);
  if (entry.linkName !== "") sum += putText(block, ascii(entry.linkName).slice(0, NAME_LENGTH), at + 157);
  sum += putText(block, "ustar\x0000", at + 257);
  sum += putOctal(block, entry.deviceMajor, at + 329, 7);
  sum += putOctal(block, entry.deviceMinor, at + 337, 7);
  if (parts.prefix !== "") sum += putText(block, parts.prefix, at + 345);
  putOctal(block, sum, at + 148, 6);
  block[at + 154] = 0;
}

/** The sum of its bytes. */
function putText(block: Uint8Array, text: string, at: number): number {
  let sum = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    block[at + index] = code;
    sum += code;
  }
  return sum;
}

/** With leading zeros; 0 for what does not fit, which then stands in a record. The sum of its bytes. */
function putOctal(block: Uint8Array, value: number, at: number, digits: number): number {
  let rest = value >= 0 && value < 8 ** digits ? value : 0;
  let sum = 0x30 * digits;
  let index = at + digits - 1;
  // Bit by bit once it fits an integer of 31 bits.
  for (; rest > 0x7fffffff; index--) {
    const digit = rest % 8;
    block[index] = 0x30 + digit;
    sum += digit;
    rest = Math.floor(rest / 8);
  }
  for (; index >= at; index--) {
    const digit = rest & 7;
    block[index] = 0x30 + digit;
    sum += digit;
    rest >>= 3;
  }
  return sum;
}

/** Prefix and name of a ustar header, or undefined when the name needs a record. */
function split(name: ByteString): readonly [string, string] | undefined {
  if (!isAscii(name)) return undefined;
  if (name.length <= NAME_LENGTH) return ["", name];
  if (name.length > PREFIX_LENGTH + 1 + NAME_LENGTH) return undefined;
  const slash = name.indexOf("/", name.length - NAME_LENGTH - 1);
  if (slash <= 0 || slash > PREFIX_LENGTH || slash === name.length - 1) return undefined;
  return [name.slice(0, slash), name.slice(slash + 1)];
}

function lastPart(name: ByteString): ByteString {
  const bare = name.endsWith("/") ? name.slice(0, -1) : name;
  return bare.slice(bare.lastIndexOf("/") + 1);
}

function isAscii(text: ByteString): boolean {
  // oxlint-disable-next-line no-control-regex -- the range is all of ASCII
  return /^[\x00-\x7f]*$/.test(text);
}

/** For readers that know no records. */
function ascii(text: ByteString): string {
  // oxlint-disable-next-line no-control-regex -- the range is all of ASCII
  return text.replace(/[^\x00-\x7f]/g, "_");
}
