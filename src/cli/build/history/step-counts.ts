import type { BuildHistoryEntry } from "#spec/berth/build-history.ts";

/** How many steps somebody had to look at, are done, and were found in the cache. */
export function stepCounts({ steps }: Pick<BuildHistoryEntry, "steps">): {
  readonly total: number;
  readonly done: number;
  readonly cached: number;
} {
  const seen = steps.filter(({ state }) => state !== "unused");
  const count = (...states: readonly string[]): number => seen.filter(({ state }) => states.includes(state)).length;
  return { total: seen.length, done: count("cached", "ran"), cached: count("cached") };
}
