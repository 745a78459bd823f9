/** Writes MessagePack (github.com/msgpack/msgpack/blob/master/spec.md), as much of it as the forward protocol needs. */
export class MsgpackWriter {
  #bytes = Buffer.allocUnsafe(64 * 1024);
  #length = 0;

  array(count: number): this {
    return this.#sized(count, 0x90, 15, 0xdc, 0xdd);
  }

  map(count: number): this {
    return this.#sized(count, 0x80, 15, 0xde, 0xdf);
  }

  /** A string; bytes are taken as they are, UTF-8 or not. */
  text(value: string | Uint8Array): this {
    const bytes = typeof value === "string" ? Buffer.from(value) : value;
    const { byteLength } = bytes;
    if (byteLength > 31 && byteLength < 256) {
      const at = this.#reserve(2);
      this.#bytes[at] = 0xd9;
      this.#bytes[at + 1] = byteLength;
    } else this.#sized(byteLength, 0xa0, 31, 0xda, 0xdb);
    const at = this.#reserve(byteLength);
    this.#bytes.set(bytes, at);
    return this;
  }

  uint32(value: number): this {
    const at = this.#reserve(5);
    this.#bytes[at] = 0xd2;
    this.#bytes.writeUInt32BE(value, at + 1);
    return this;
  }

  /** The forward protocol's EventTime: extension 0 of 8 bytes. */
  eventTime(seconds: number, nanoseconds: number): this {
    const at = this.#reserve(10);
    this.#bytes[at] = 0xd7;
    this.#bytes[at + 1] = 0;
    this.#bytes.writeUInt32BE(seconds, at + 2);
    this.#bytes.writeUInt32BE(nanoseconds, at + 6);
    return this;
  }

  /** A copy of what was written. */
  take(): Uint8Array {
    return Uint8Array.prototype.slice.call(this.#bytes, 0, this.#length);
  }

  #sized(count: number, short: number, most: number, code16: number, code32: number): this {
    if (count <= most) {
      const at = this.#reserve(1);
      this.#bytes[at] = short | count;
    } else if (count < 0x10000) {
      const at = this.#reserve(3);
      this.#bytes[at] = code16;
      this.#bytes.writeUInt16BE(count, at + 1);
    } else {
      const at = this.#reserve(5);
      this.#bytes[at] = code32;
      this.#bytes.writeUInt32BE(count, at + 1);
    }
    return this;
  }

  #reserve(bytes: number): number {
    const at = this.#length;
    if (at + bytes > this.#bytes.byteLength) {
      const larger = Buffer.allocUnsafe(Math.max(2 * this.#bytes.byteLength, at + bytes));
      larger.set(this.#bytes.subarray(0, at));
      this.#bytes = larger;
    }
    this.#length = at + bytes;
    return at;
  }
}
