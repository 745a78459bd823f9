import { BerthError } from "#base/errors.ts";
import { parseDuration } from "#base/units.ts";

/**
 * `--since` and `--until`: a duration before `now` (`42m`), a date or time in RFC 3339 or shorter forms (local zone when
 * none is given), or Unix seconds. The result is seconds with nine decimals; empty stays empty. A
 * refusal names the flag when one is given.
 */
export function timestampParameter(text: string, now: number, flag?: "since" | "until"): string {
  if (text === "") return "";
  if (/^[+-]?\d+(?:\.\d+)?$/.test(text)) return text;
  try {
    return seconds(BigInt(now) * 1_000_000n - parseDuration(text));
  } catch {
    // not a duration
  }
  const match =
    /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2})(?::(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?)?(Z|[+-]\d{2}:\d{2})?$/.exec(text);
  const milliseconds = match === null ? Number.NaN : utcMilliseconds(match);
  if (Number.isNaN(milliseconds)) {
    throw new BerthError(
      "invalid-parameter",
      `${flag === undefined ? "" : `invalid value for "${flag}": `}failed to parse value as time or duration: ${JSON.stringify(text)}`,
    );
  }
  return seconds(BigInt(milliseconds) * 1_000_000n + BigInt((match?.[7] ?? "").padEnd(9, "0")));
}

/** Of whole seconds; NaN when there is no such date. */
function utcMilliseconds(match: RegExpExecArray): number {
  const [, year, month, day, hour = "00", minute = "00", second = "00", , zone = ""] = match;
  return Date.parse(`${year ?? ""}-${month ?? ""}-${day ?? ""}T${hour}:${minute}:${second}${zone}`);
}

function seconds(nanoseconds: bigint): string {
  return `${String(nanoseconds / 1_000_000_000n)}.${(nanoseconds % 1_000_000_000n).toString().padStart(9, "0")}`;
}
