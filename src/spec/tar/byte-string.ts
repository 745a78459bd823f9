/**
 * Names inside archives are bytes, not text. A *byte string* is a JavaScript string with one character (0-255) per byte:
 * it compares, splits and serves as a map key like any string, and no byte is lost.
 */
export type ByteString = string;

export function byteString(bytes: Uint8Array, start = 0, end = bytes.length): ByteString {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
}

/** For syscalls: ASCII stays a string, anything else becomes its bytes. */
export function kernelPath(name: ByteString): string | Uint8Array {
  // oxlint-disable-next-line no-control-regex -- the range is all of ASCII
  return /^[\x00-\x7f]*$/.test(name) ? name : Buffer.from(name, "latin1");
}

/** For messages: UTF-8 where it is UTF-8. */
export function printable(name: ByteString): string {
  return JSON.stringify(Buffer.from(name, "latin1").toString("utf8")).slice(1, -1);
}
