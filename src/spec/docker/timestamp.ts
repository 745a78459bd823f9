import { BerthError } from "#base/errors.ts";

/**
 * The `since` and `until` of logs and events, in Unix nanoseconds: Unix seconds with an optional fraction, both with a
 * sign. Empty means "not given". `invalid-parameter` in the words of Go's strconv otherwise.
 */
export function parseTimestamp(text: string | undefined): bigint | undefined {
  if (text === undefined || text === "") return undefined;
  const dot = text.indexOf(".");
  const seconds = integer(dot < 0 ? text : text.slice(0, dot));
  if (dot < 0) return seconds * 1_000_000_000n;
  const fraction = text.slice(dot + 1);
  // Of a longer fraction the first nine digits count.
  integer(fraction);
  return seconds * 1_000_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, "0"));
}

function integer(text: string): bigint {
  if (!/^[+-]?\d{1,18}$/.test(text)) {
    throw new BerthError("invalid-parameter", `strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  return BigInt(text);
}
