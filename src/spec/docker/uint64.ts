/** A Go `uint64` in an answer: beyond 2^53 JavaScript's own printing would round it. */
export type Uint64 = number;

/** Print a whole number with all its digits. */
export function uint64(value: number | bigint): Uint64 {
  if (typeof value === "number" && value <= Number.MAX_SAFE_INTEGER) return value;
  return rawJson(BigInt(value).toString());
}

/** JSON.rawJSON of the ECMAScript proposal "JSON.parse source text access", which TypeScript does not know yet. */
const { rawJSON: rawJson } = JSON as unknown as { readonly rawJSON: (text: string) => Uint64 };

/** What a limit is when there is none. */
export const maxUint64 = 2n ** 64n - 1n;
