/** A description of types that the kernel asks for with some maps (Linux Documentation/bpf/btf.rst). */
export interface TypeDescription {
  readonly bytes: Uint8Array;
  /** An integer of 32 bits. */
  readonly wordId: number;
  readonly arrayId: number;
}

const MAGIC = 0xeb9f;
const VERSION = 1;
const HEADER_BYTES = 24;
const KIND_INT = 1 << 24;
const KIND_ARRAY = 3 << 24;

/** u32[count]. */
export function arrayOfWords(count: number): TypeDescription {
  const names = new TextEncoder().encode("\0u32\0");
  const [wordId, arrayId] = [1, 2];
  // Each begins with name, kind and size; then the integer's bits, and the array's element, index and length.
  const types = Uint32Array.of(1, KIND_INT, 4, 32, 0, KIND_ARRAY, 0, wordId, wordId, count);
  const bytes = new Uint8Array(HEADER_BYTES + types.byteLength + names.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, MAGIC, true);
  view.setUint8(2, VERSION);
  [HEADER_BYTES, 0, types.byteLength, types.byteLength, names.length].forEach((value, index) =>
    view.setUint32(4 + index * 4, value, true),
  );
  types.forEach((value, index) => view.setUint32(HEADER_BYTES + index * 4, value, true));
  bytes.set(names, HEADER_BYTES + types.byteLength);
  return { bytes, wordId, arrayId };
}
