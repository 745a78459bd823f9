import { BerthError } from "#base/errors.ts";
import { parseTime } from "#base/time.ts";
import { parseDuration } from "#base/units.ts";
import type { Filters } from "./filters.ts";
import { parseTimestamp } from "./timestamp.ts";

/**
 * The `until` filter in Unix nanoseconds: a time as RFC 3339 (or its first part, in UTC), Unix seconds, or a duration
 * before now such as `24h`. Undefined when it is not given. `invalid-parameter` in Docker's words otherwise.
 */
export function untilFilter(filters: Filters, nowNs: bigint): bigint | undefined {
  const [text, more] = filters.get("until") ?? [];
  if (text === undefined) return undefined;
  if (more !== undefined) throw new BerthError("invalid-parameter", "more than one until filter specified");
  return durationBefore(text, nowNs) ?? timeOf(text);
}

function durationBefore(text: string, nowNs: bigint): bigint | undefined {
  try {
    return nowNs - parseDuration(text);
  } catch {
    return undefined;
  }
}

function timeOf(text: string): bigint {
  try {
    const time = completed(text);
    return (/^[-+\d.]*$/.test(time) ? parseTimestamp(time) : undefined) ?? parseTime(time);
  } catch (cause) {
    throw new BerthError("invalid-parameter", `failed to parse value as time or duration: ${JSON.stringify(text)}`, {
      cause,
    });
  }
}

/** `2006-01-02`, `2006-01-02T15`, `…T15:04`, `…T15:04:05` in full. */
function completed(text: string): string {
  const match = /^(\d{4}-\d\d-\d\d)(?:T(\d\d)(?::(\d\d)(?::(\d\d)(\.\d{1,9})?)?)?)?(Z|[+-]\d\d:\d\d)?$/.exec(text);
  if (match === null) return text;
  const [, day = "", hour = "00", minute = "00", second = "00", fraction = "", zone = "Z"] = match;
  return `${day}T${hour}:${minute}:${second}${fraction}${zone}`;
}
