import {
  recordFlag,
  recordHeaderBytes,
  recordMagic0,
  recordMagic1,
  recordStream,
  recordTrailerBytes,
} from "#runtime/shim/record.ts";

export interface RecordOptions {
  readonly stream?: keyof typeof recordStream;
  readonly partial?: boolean;
}

/** A record as the shim writes it. */
export function record(text: string, timeNs: bigint, options: RecordOptions = {}): Uint8Array {
  const payload = Buffer.from(text);
  const bytes = new Uint8Array(recordHeaderBytes + payload.length + recordTrailerBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, payload.length, true);
  bytes[4] = recordStream[options.stream ?? "stdout"];
  bytes[5] = options.partial === true ? recordFlag.partial : 0;
  bytes[6] = recordMagic0;
  bytes[7] = recordMagic1;
  view.setBigUint64(8, timeNs, true);
  bytes.set(payload, recordHeaderBytes);
  view.setUint32(recordHeaderBytes + payload.length, payload.length, true);
  return bytes;
}

/** The record a file begins with. */
export const fileRecord = (id: bigint): Uint8Array => record("", id, { stream: "file" });
