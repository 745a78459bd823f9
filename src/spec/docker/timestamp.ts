import { parseTime } from "#base/time.ts";

/**
 * The `since` and `until` of logs and events, in Unix nanoseconds: Unix seconds with an optional fraction, or RFC 3339.
 * Empty and `0` mean "not given". `invalid-parameter` otherwise.
 */
export function parseTimestamp(text: string | undefined): bigint | undefined {
  if (text === undefined || text === "" || text === "0") return undefined;
  const match = /^(\d{1,12})(?:\.(\d{1,9})\d*)?$/.exec(text);
  if (match === null) return parseTime(text);
  return BigInt(match[1] ?? "0") * 1_000_000_000n + BigInt((match[2] ?? "").padEnd(9, "0"));
}
