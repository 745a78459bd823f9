import { viewOf } from "#base/data-view.ts";
import {
  maxRecordBytes,
  recordFlag,
  recordHeaderBytes,
  recordMagic0,
  recordMagic1,
  recordStream,
  recordTrailerBytes,
} from "#runtime/shim/record.ts";
import type { EntryFormat, EntrySink, EntryTime } from "./entry-format.ts";

/** The shim's records; runtime/shim/record.ts draws them. */
export class RecordFormat implements EntryFormat {
  readonly maxBytes = recordHeaderBytes + maxRecordBytes + recordTrailerBytes;
  readonly #time = new RecordTime();

  decode(bytes: Uint8Array, sink: EntrySink): number {
    const view = viewOf(bytes);
    const time = this.#time;
    time.view = view;
    let offset = 0;
    while (offset + recordHeaderBytes <= bytes.byteLength) {
      const length = view.getUint32(offset, true);
      const end = offset + recordHeaderBytes + length + recordTrailerBytes;
      const mayBeRecord =
        bytes[offset + 6] === recordMagic0 && bytes[offset + 7] === recordMagic1 && length <= maxRecordBytes;
      if (mayBeRecord && end > bytes.byteLength) break;
      if (!mayBeRecord || view.getUint32(end - recordTrailerBytes, true) !== length) {
        const next = nextRecord(bytes, view, offset + 1);
        // One may begin near the end whose rest is not here yet.
        if (next === undefined) return Math.max(offset, bytes.byteLength - this.maxBytes);
        offset = next;
        continue;
      }
      const stream = bytes[offset + 4] ?? 0;
      if (stream !== recordStream.file) {
        const partial = ((bytes[offset + 5] ?? 0) & recordFlag.partial) !== 0;
        const start = offset + recordHeaderBytes;
        time.offset = offset + 8;
        if (!sink.entry(bytes, start, start + length, stream, partial, time)) return end;
      }
      offset = end;
    }
    return offset;
  }

  startOf(bytes: Uint8Array, end: number): number | undefined {
    const view = viewOf(bytes);
    if (end < recordHeaderBytes + recordTrailerBytes) return undefined;
    const length = view.getUint32(end - recordTrailerBytes, true);
    const start = end - recordTrailerBytes - length - recordHeaderBytes;
    return length <= maxRecordBytes && start >= 0 && isRecord(view, start) ? start : undefined;
  }

  soundEnd(bytes: Uint8Array): number | undefined {
    return bytes.byteLength === 0 || this.startOf(bytes, bytes.byteLength) !== undefined ? bytes.byteLength : undefined;
  }
}

/** The id of the file that begins with these bytes; undefined when they do not say. */
export function fileIdOf(bytes: Uint8Array): bigint | undefined {
  if (bytes.byteLength < recordHeaderBytes + recordTrailerBytes) return undefined;
  const view = viewOf(bytes);
  return isRecord(view, 0) && view.getUint8(4) === recordStream.file ? view.getBigUint64(8, true) : undefined;
}

function isRecord(view: DataView, start: number): boolean {
  if (view.getUint8(start + 6) !== recordMagic0 || view.getUint8(start + 7) !== recordMagic1) return false;
  const length = view.getUint32(start, true);
  const trailer = start + recordHeaderBytes + length;
  return trailer + recordTrailerBytes <= view.byteLength && view.getUint32(trailer, true) === length;
}

/** Where the next whole record begins behind something that is none. */
function nextRecord(bytes: Uint8Array, view: DataView, from: number): number | undefined {
  const last = bytes.byteLength - recordHeaderBytes - recordTrailerBytes;
  for (let start = from; start <= last; start += 1) {
    if (bytes[start + 6] === recordMagic0 && bytes[start + 7] === recordMagic1 && isRecord(view, start)) return start;
  }
  return undefined;
}

/** Lines that were written together have one time: its number is made once. */
class RecordTime implements EntryTime {
  view: DataView = new DataView(new ArrayBuffer(8));
  offset = 0;
  #low = 0;
  #high = 0;
  #value = 0n;

  now(): bigint {
    const low = this.view.getUint32(this.offset, true);
    const high = this.view.getUint32(this.offset + 4, true);
    if (low !== this.#low || high !== this.#high) {
      this.#low = low;
      this.#high = high;
      this.#value = (BigInt(high) << 32n) | BigInt(low);
    }
    return this.#value;
  }
}
