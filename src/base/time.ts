import { BerthError } from "./errors.ts";

/** Docker's "no time": Go's zero time.Time. */
export const ZERO_TIME = "0001-01-01T00:00:00Z";

/** Unix nanoseconds as Go's time.RFC3339Nano in UTC: trailing zeros of the fraction left out. */
export function formatTime(unixNanoseconds: bigint): string {
  const seconds = floorDivide(unixNanoseconds, 1_000_000_000n);
  const nanoseconds = unixNanoseconds - seconds * 1_000_000_000n;
  const date = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  const fraction = nanoseconds.toString().padStart(9, "0").replace(/0+$/, "");
  return fraction === "" ? `${date}Z` : `${date}.${fraction}Z`;
}

/** Like {@link formatTime} with all nine digits: the form in log lines (RFC3339NanoFixed). */
export function formatTimeFixed(unixNanoseconds: bigint): string {
  const seconds = floorDivide(unixNanoseconds, 1_000_000_000n);
  const nanoseconds = unixNanoseconds - seconds * 1_000_000_000n;
  return `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}.${nanoseconds.toString().padStart(9, "0")}Z`;
}

/** RFC 3339 with up to nine digits of fraction, to unix nanoseconds. `invalid-parameter` otherwise. */
export function parseTime(text: string): bigint {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(text);
  const milliseconds = match === null ? Number.NaN : Date.parse(`${match[1]}${match[3]}`);
  if (Number.isNaN(milliseconds)) throw new BerthError("invalid-parameter", `invalid time: ${JSON.stringify(text)}`);
  return BigInt(milliseconds) * 1_000_000n + BigInt((match?.[2] ?? "").padEnd(9, "0"));
}

/** RFC 3339 as Go's time.Time prints itself: `2006-01-02 15:04:05.5 +0000 UTC`. Other text stays as it is. */
export function goTime(text: string): string {
  const match = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)$/.exec(text);
  if (match === null) return text;
  const [, day = "", clock = "", fraction = "", zone = ""] = match;
  const offset = zone === "Z" ? "+0000" : zone.replace(":", "");
  const digits = fraction.replace(/\.?0+$/, "");
  return `${day} ${clock}${digits} ${offset} ${offset === "+0000" ? "UTC" : offset}`;
}

function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value % by < 0n ? quotient - 1n : quotient;
}
