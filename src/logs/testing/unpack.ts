import { viewOf } from "#base/data-view.ts";
/**
 * The first MessagePack value of `bytes`, as much of the format as fluentd's forward protocol uses, and how long it was;
 * undefined when it is not complete.
 */
export function unpack(bytes: Uint8Array): { readonly value: unknown; readonly size: number } | undefined {
  const view = viewOf(bytes);
  let at = 0;
  const skip = (count: number): number => {
    if (at + count > bytes.byteLength) throw new RangeError("more is to come");
    return (at += count) - count;
  };
  const text = (length: number): string => {
    const from = skip(length);
    return Buffer.from(bytes.subarray(from, at)).toString();
  };
  const list = (count: number): unknown[] => Array.from({ length: count }, value);
  const map = (count: number): unknown => Object.fromEntries(Array.from({ length: count }, () => [value(), value()]));
  function value(): unknown {
    const code = view.getUint8(skip(1));
    if (code >> 4 === 0x9) return list(code & 15);
    if (code >> 4 === 0x8) return map(code & 15);
    if (code >> 5 === 0x5) return text(code & 31);
    if (code === 0xd9) return text(view.getUint8(skip(1)));
    if (code === 0xda) return text(view.getUint16(skip(2)));
    if (code === 0xdb) return text(view.getUint32(skip(4)));
    if (code === 0xdc) return list(view.getUint16(skip(2)));
    if (code === 0xdd) return list(view.getUint32(skip(4)));
    if (code === 0xde) return map(view.getUint16(skip(2)));
    if (code === 0xd2) return view.getInt32(skip(4));
    if (code !== 0xd7 || view.getUint8(skip(1)) !== 0) throw new Error(`code ${code} at ${at}`);
    return { seconds: view.getUint32(skip(4)), nanoseconds: view.getUint32(skip(4)) };
  }
  try {
    return { value: value(), size: at };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
