import { viewOf } from "#base/data-view.ts";
import { BerthError } from "#base/errors.ts";

/** Most launch messages fit. */
const firstBytes = 16 << 10;

/** Growing little-endian buffer. Strings with a NUL are refused: the kernel's interfaces cannot carry them. */
export class Writer {
  #bytes = Buffer.alloc(firstBytes);
  #view = viewOf(this.#bytes);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  u16(value: number): void {
    const at = this.#take(2);
    this.#view.setUint16(at, value, true);
  }

  u32(value: number): void {
    if (value >>> 0 !== value) {
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
    const length = Buffer.byteLength(value);
    this.u32(length);
    const at = this.#take(length + 1);
    this.#bytes.write(value, at);
    this.#bytes[at + length] = 0;
  }

  bytes(value: Uint8Array): void {
    this.u32(value.length);
    const at = this.#take(value.length);
    this.#bytes.set(value, at);
  }

  patchU32(at: number, value: number): void {
    this.#view.setUint32(at, value, true);
  }

  /** What was written; nothing may be after this. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #take(count: number): number {
    const at = this.#length;
    const end = at + count;
    if (end > this.#bytes.length) {
      const grown = Buffer.alloc(Math.max(end, this.#bytes.length * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = viewOf(grown);
    }
    this.#length = end;
    return at;
  }
}
