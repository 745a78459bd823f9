import { viewOf } from "#base/data-view.ts";
/** One parsed attribute; flags (NLA_F_NESTED, NLA_F_NET_BYTEORDER) are taken off the type. */
export interface NetlinkAttribute {
  readonly type: number;
  readonly payload: Uint8Array;
}

const NLA_TYPE_MASK = 0x3fff;

/** In the order of the message. Stops at a length that does not fit: the kernel never sends one. */
export function parseAttributes(bytes: Uint8Array, offset = 0): NetlinkAttribute[] {
  const view = viewOf(bytes);
  const attributes: NetlinkAttribute[] = [];
  let at = offset;
  while (at + 4 <= bytes.length) {
    const length = view.getUint16(at, true);
    if (length < 4 || at + length > bytes.length) break;
    attributes.push({
      type: view.getUint16(at + 2, true) & NLA_TYPE_MASK,
      payload: bytes.subarray(at + 4, at + length),
    });
    at += (length + 3) & ~3;
  }
  return attributes;
}

/** By type; of repeated types the last. Lists of equal types are read with {@link parseAttributes}. */
export function attributeMap(bytes: Uint8Array, offset = 0): Map<number, Uint8Array> {
  return new Map(parseAttributes(bytes, offset).map((attribute) => [attribute.type, attribute.payload]));
}

/** The payload of the first one of this type. */
export function findAttribute(bytes: Uint8Array, type: number, offset = 0): Uint8Array | undefined {
  let at = offset;
  while (at + 4 <= bytes.length) {
    const length = readU16(bytes, at);
    if (length < 4 || at + length > bytes.length) break;
    if ((readU16(bytes, at + 2) & NLA_TYPE_MASK) === type) return bytes.subarray(at + 4, at + length);
    at += (length + 3) & ~3;
  }
  return undefined;
}

const readU16 = (bytes: Uint8Array, at: number): number => (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);

export function readU32(bytes: Uint8Array | undefined, offset = 0): number {
  return bytes === undefined || bytes.length < offset + 4 ? 0 : viewOf(bytes).getUint32(offset, true);
}

export function readBe32(bytes: Uint8Array | undefined): number {
  return bytes === undefined || bytes.length < 4 ? 0 : viewOf(bytes).getUint32(0, false);
}

export function readBe64(bytes: Uint8Array | undefined): bigint {
  return bytes === undefined || bytes.length < 8 ? 0n : viewOf(bytes).getBigUint64(0, false);
}

/** Up to the first NUL. */
export function readString(bytes: Uint8Array | undefined): string {
  if (bytes === undefined) return "";
  const end = bytes.indexOf(0);
  return decoder.decode(end < 0 ? bytes : bytes.subarray(0, end));
}

const decoder = new TextDecoder();
