import { BerthError } from "#base/errors.ts";

const encoder = new TextEncoder();

/** Growing little-endian buffer. Strings with a NUL are refused: the kernel's interfaces cannot carry them. */
export class Writer {
  #bytes = new Uint8Array(4096);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  u16(value: number): void {
    const at = this.#take(2);
    this.#view.setUint16(at, value, true);
  }

  u32(value: number): void {
    if (!Number.isInteger(value) || value < 0 || value > 0xffffffff) {
      throw new BerthError("invalid-parameter", `${value} is not an unsigned 32-bit number`);
    }
    const at = this.#take(4);
    this.#view.setUint32(at, value, true);
  }

  u64(value: bigint): void {
    if (value < 0n || value > 0xffffffffffffffffn) {
      throw new BerthError("invalid-parameter", `${value} is not an unsigned 64-bit number`);
    }
    const at = this.#take(8);
    this.#view.setBigUint64(at, value, true);
  }

  i64(value: number): void {
    if (!Number.isSafeInteger(value)) throw new BerthError("invalid-parameter", `${value} is not an integer`);
    const at = this.#take(8);
    this.#view.setBigInt64(at, BigInt(value), true);
  }

  string(value: string): void {
    if (value.includes("\0"))
      throw new BerthError("invalid-parameter", `${JSON.stringify(value)} contains a null byte`);
    const bytes = encoder.encode(value);
    this.bytes(bytes);
    const at = this.#take(1);
    this.#bytes[at] = 0;
  }

  bytes(value: Uint8Array): void {
    this.u32(value.length);
    const at = this.#take(value.length);
    this.#bytes.set(value, at);
  }

  patchU32(at: number, value: number): void {
    this.#view.setUint32(at, value, true);
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #take(count: number): number {
    const at = this.#length;
    const end = at + count;
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, this.#bytes.length * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    this.#length = end;
    return at;
  }
}
