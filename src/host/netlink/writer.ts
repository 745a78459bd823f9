/**
 * Writes the payload of a netlink message: a fixed header of the protocol, then attributes (netlink(7), "struct nlattr":
 * u16 length without padding, u16 type, payload padded to 4 bytes; nested ones carry NLA_F_NESTED). Integers are in the
 * byte order of the host, which is little-endian on every machine Berth runs on (x86_64, arm64); what a protocol wants in
 * network order has `be` in the method's name.
 */
export class NetlinkWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(capacity = 512) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  u8(value: number): this {
    const at = this.#reserve(1);
    this.#view.setUint8(at, value);
    return this;
  }

  u16(value: number): this {
    const at = this.#reserve(2);
    this.#view.setUint16(at, value, true);
    return this;
  }

  be16(value: number): this {
    const at = this.#reserve(2);
    this.#view.setUint16(at, value, false);
    return this;
  }

  u32(value: number): this {
    const at = this.#reserve(4);
    this.#view.setUint32(at, value, true);
    return this;
  }

  bytes(value: Uint8Array): this {
    const at = this.#reserve(value.length);
    this.#bytes.set(value, at);
    return this;
  }

  /** An attribute without payload. */
  flag(type: number): this {
    return this.attribute(type, empty);
  }

  attribute(type: number, payload: Uint8Array): this {
    const start = this.#begin(type);
    this.bytes(payload);
    return this.#end(start);
  }

  attributeU8(type: number, value: number): this {
    const start = this.#begin(type);
    this.u8(value);
    return this.#end(start);
  }

  attributeU16(type: number, value: number): this {
    const start = this.#begin(type);
    this.u16(value);
    return this.#end(start);
  }

  attributeU32(type: number, value: number): this {
    const start = this.#begin(type);
    this.u32(value);
    return this.#end(start);
  }

  attributeU64(type: number, value: bigint): this {
    const start = this.#begin(type);
    const at = this.#reserve(8);
    this.#view.setBigUint64(at, value, true);
    return this.#end(start);
  }

  attributeBe32(type: number, value: number): this {
    const start = this.#begin(type);
    const at = this.#reserve(4);
    this.#view.setUint32(at, value, false);
    return this.#end(start);
  }

  attributeBe64(type: number, value: bigint): this {
    const start = this.#begin(type);
    const at = this.#reserve(8);
    this.#view.setBigUint64(at, value, false);
    return this.#end(start);
  }

  /** UTF-8 with a closing NUL (NLA_NUL_STRING). */
  attributeString(type: number, value: string): this {
    const start = this.#begin(type);
    this.bytes(encoder.encode(value)).u8(0);
    return this.#end(start);
  }

  nested(type: number, fill: (writer: this) => void): this {
    const start = this.#begin(type | NLA_F_NESTED);
    fill(this);
    return this.#end(start);
  }

  #begin(type: number): number {
    const start = this.#reserve(4);
    this.#view.setUint16(start + 2, type, true);
    return start;
  }

  #end(start: number): this {
    const length = this.#length - start;
    if (length > 0xffff) throw new RangeError(`netlink attribute of ${length} bytes`);
    this.#view.setUint16(start, length, true);
    this.#reserve(-this.#length & 3);
    return this;
  }

  /** May replace the buffer: call it before touching buffer or view. */
  #reserve(count: number): number {
    const at = this.#length;
    this.#length = at + count;
    if (this.#length > this.#bytes.length) this.#grow(this.#length);
    return at;
  }

  #grow(needed: number): void {
    const bytes = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    bytes.set(this.#bytes);
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

const NLA_F_NESTED = 0x8000;

const empty = new Uint8Array(0);
const encoder = new TextEncoder();
