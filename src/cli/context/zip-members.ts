import { inflateRawSync } from "node:zlib";
import { viewOf } from "#base/data-view.ts";
import { BerthError } from "#base/errors.ts";

const END_SIGNATURE = 0x06054b50;
const CENTRAL_SIGNATURE = 0x02014b50;
const LOCAL_SIGNATURE = 0x04034b50;
const END_SIZE = 22;
const CENTRAL_SIZE = 46;
const LOCAL_SIZE = 30;
const MAX_COMMENT = 0xffff;
const STORED = 0;
const DEFLATED = 8;
/** Of one member, unpacked. */
const MAX_BYTES = 10 << 20;

export function isZip(bytes: Uint8Array): boolean {
  return bytes.length >= END_SIZE && viewOf(bytes).getUint32(0, true) === LOCAL_SIGNATURE;
}

/**
 * The files of a small zip archive by their names (PKWARE's APPNOTE, sections 4.3 and 4.4; no encryption, no ZIP64).
 * `invalid-parameter` when it is damaged.
 */
export function zipMembers(archive: Uint8Array): ReadonlyMap<string, Uint8Array> {
  try {
    return members(archive);
  } catch (cause) {
    throw new BerthError("invalid-parameter", "zip: not a valid zip file", { cause });
  }
}

/** Out-of-range reads throw: they are how damage shows. */
function members(archive: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const view = viewOf(archive);
  const end = endRecord(view);
  const files = new Map<string, Uint8Array>();
  let at = view.getUint32(end + 16, true);
  for (let count = view.getUint16(end + 10, true); count > 0; count -= 1) {
    if (view.getUint32(at, true) !== CENTRAL_SIGNATURE) throw new Error("no central header");
    const method = view.getUint16(at + 10, true);
    const packedSize = view.getUint32(at + 20, true);
    const nameLength = view.getUint16(at + 28, true);
    const name = Buffer.from(archive.subarray(at + CENTRAL_SIZE, at + CENTRAL_SIZE + nameLength)).toString("utf8");
    const local = view.getUint32(at + 42, true);
    const start = local + LOCAL_SIZE + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    if (!name.endsWith("/")) files.set(name, unpacked(archive.subarray(start, start + packedSize), method));
    at += CENTRAL_SIZE + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return files;
}

/** The last record; only a comment may follow it. */
function endRecord(view: DataView): number {
  const least = Math.max(0, view.byteLength - END_SIZE - MAX_COMMENT);
  for (let at = view.byteLength - END_SIZE; at >= least; at -= 1)
    if (view.getUint32(at, true) === END_SIGNATURE) return at;
  throw new Error("no end record");
}

function unpacked(packed: Uint8Array, method: number): Uint8Array {
  if (method === STORED) return packed.slice();
  if (method === DEFLATED) return inflateRawSync(packed, { maxOutputLength: MAX_BYTES });
  throw new Error(`compression method ${String(method)}`);
}
