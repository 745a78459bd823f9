import { LinearRegexp } from "#base/regexp/linear-regexp.ts";
import type { Filters } from "./filters.ts";

/**
 * Docker reads the values of some filters as regular expressions, found anywhere; what is none matches itself alone.
 * Undefined for a filter that is not given.
 */
export function patternsOf(filters: Filters, key: string): ((candidate: string) => boolean) | undefined {
  const wanted = [...(filters.get(key) ?? [])];
  if (wanted.length === 0) return undefined;
  const patterns = wanted.map((source) => {
    try {
      return new LinearRegexp(source);
    } catch {
      return { test: (candidate: string): boolean => candidate === source };
    }
  });
  return (candidate) => patterns.some((pattern) => pattern.test(candidate));
}
