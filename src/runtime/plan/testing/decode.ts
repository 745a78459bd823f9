import { viewOf } from "#base/data-view.ts";
import { BerthError } from "#base/errors.ts";
import type { FieldType } from "../ops.ts";
import { allShapes, launchMagic, launchVersion, limits } from "../wire.ts";

/** One record of a launch message by name; the values are what {@link encodeLaunch} wrote. */
export interface DecodedRecord {
  readonly name: string;
  readonly tolerate: readonly number[];
  readonly fields: Readonly<Record<string, unknown>>;
}

const shapeOf = new Map(allShapes().map(([name, shape]) => [shape.code, { name, shape }]));
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Reads a launch message back, as strictly as the shim does. `invalid-parameter` for anything else. */
export function decodeLaunch(message: Uint8Array): readonly DecodedRecord[] {
  const reader = new Reader(message);
  if (reader.u32() !== launchMagic || reader.u32() !== launchVersion || reader.u32() !== message.length)
    throw malformed();
  const count = reader.u32();
  if (count > limits.records) throw malformed();
  const records = Array.from({ length: count }, () => readRecord(reader));
  if (!reader.atEnd()) throw malformed();
  return records;
}

function readRecord(reader: Reader): DecodedRecord {
  const known = shapeOf.get(reader.u16());
  const tolerated = reader.u16();
  const length = reader.u32();
  if (known === undefined) throw malformed();
  const tolerate = Array.from({ length: tolerated }, () => reader.u32());
  const body = new Reader(reader.take(length));
  const fields = Object.fromEntries(
    Object.entries(known.shape.fields).map(([name, type]) => [name, readField(body, type)]),
  );
  if (!body.atEnd()) throw malformed();
  return { name: known.name, tolerate, fields };
}

function readField(reader: Reader, type: FieldType): unknown {
  switch (type) {
    case "u32":
      return reader.u32();
    case "bool":
      return reader.u32() !== 0;
    case "i64":
      return Number(reader.i64());
    case "u64":
      return reader.u64();
    case "string":
    case "path":
    case "hostPath":
      return reader.string();
    case "bytes":
      return reader.take(reader.u32());
    case "strings":
      return list(reader, () => reader.string());
    case "u32s":
      return list(reader, () => reader.u32());
  }
}

function list<T>(reader: Reader, read: () => T): T[] {
  const count = reader.u32();
  if (count > limits.elements) throw malformed();
  return Array.from({ length: count }, read);
}

function malformed(): BerthError {
  return new BerthError("invalid-parameter", "not a launch message");
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
  }

  atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  take(length: number): Uint8Array {
    return this.#bytes.subarray(this.#advance(length), this.#at);
  }

  u16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#advance(8), true);
  }

  i64(): bigint {
    return this.#view.getBigInt64(this.#advance(8), true);
  }

  string(): string {
    const bytes = this.take(this.u32());
    if (bytes.includes(0) || this.take(1)[0] !== 0) throw malformed();
    return decoder.decode(bytes);
  }

  #advance(length: number): number {
    const at = this.#at;
    if (length > this.#bytes.length - at) throw malformed();
    this.#at = at + length;
    return at;
  }
}
