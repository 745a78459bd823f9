import { parseDuration } from "#base/units.ts";
import type { BuildHistoryEntry } from "#spec/berth/build-history.ts";

const TEXTS: Readonly<Record<string, (entry: BuildHistoryEntry) => string>> = {
  ref: ({ id }) => id,
  name: ({ name }) => name,
  status: ({ status }) => status,
  target: ({ target }) => target,
};
/** Milliseconds; undefined where there is none yet. */
const NUMBERS: Readonly<Record<string, (entry: BuildHistoryEntry, nowMs: number) => number | undefined>> = {
  duration: ({ durationMs }) => durationMs,
  startedAt: ({ createdAt }) => Date.parse(createdAt),
  completedAt: ({ completedAt }) => (completedAt === null ? undefined : Date.parse(completedAt)),
};
const STATUSES = ["running", "completed", "error", "canceled"];

/**
 * `--filter` of `builder history ls`: `KEY=VALUE` and `KEY!=VALUE` of ref, name, status and target, of which the values of
 * one key are alternatives; `<`, `<=`, `>` and `>=` of duration, startedAt and completedAt, whose values are durations, for
 * times a duration ago, or RFC 3339. Throws for what is none.
 */
export function buildFilter(filters: readonly string[], nowMs: number): (entry: BuildHistoryEntry) => boolean {
  const wanted = new Map<string, Set<string>>();
  const tests: ((entry: BuildHistoryEntry) => boolean)[] = [];
  for (const filter of filters) {
    const [, key = "", operator = "", value = ""] = /^([A-Za-z]+)(!=|<=|>=|=|<|>)(.*)$/s.exec(filter) ?? [];
    const text = TEXTS[key];
    const number = NUMBERS[key];
    if (text !== undefined && (operator === "=" || operator === "!=")) {
      if (key === "status" && !STATUSES.includes(value))
        throw new Error(`invalid filter ${filter}: a status is one of ${STATUSES.join(", ")}`);
      if (operator === "=") wanted.set(key, (wanted.get(key) ?? new Set()).add(value));
      else tests.push((entry) => !matches(key, text(entry), value));
    } else if (number !== undefined && operator !== "=" && operator !== "!=") {
      const bound = boundOf(key, value, nowMs, filter);
      tests.push((entry) => compares(number(entry, nowMs), operator, bound));
    } else
      throw new Error(
        `invalid filter ${JSON.stringify(filter)}: ref, name, status and target by = and !=, duration, startedAt and completedAt by <, <=, > and >=`,
      );
  }
  for (const [key, values] of wanted)
    tests.push((entry) => [...values].some((value) => matches(key, TEXTS[key]?.(entry) ?? "", value)));
  return (entry) => tests.every((test) => test(entry));
}

const matches = (key: string, text: string, value: string): boolean =>
  key === "ref" ? text.startsWith(value) : text === value;

function boundOf(key: string, value: string, nowMs: number, filter: string): number {
  const time = key === "duration" ? Number.NaN : Date.parse(value);
  if (!Number.isNaN(time) && /^\d{4}-/.test(value)) return time;
  try {
    const durationMs = Number(parseDuration(value) / 1_000_000n);
    return key === "duration" ? durationMs : nowMs - durationMs;
  } catch (error) {
    throw new Error(
      `invalid filter ${JSON.stringify(filter)}: a duration such as 1h30m${key === "duration" ? "" : ", or a time such as 2026-01-02T15:04:05Z"}`,
      { cause: error },
    );
  }
}

function compares(value: number | undefined, operator: string, bound: number): boolean {
  if (value === undefined) return false;
  if (operator === "<") return value < bound;
  if (operator === "<=") return value <= bound;
  return operator === ">" ? value > bound : value >= bound;
}
