import { BerthError } from "#base/errors.ts";

/** The `filters` query parameter: for each key the values asked for. */
export type Filters = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * Read `filters`: `{"status":["running"]}` or the older `{"status":{"running":true}}`. Only keys in `accepted` may occur.
 * `invalid-parameter` with Docker's words otherwise.
 */
export function parseFilters(json: string | undefined, accepted: readonly string[]): Filters {
  const filters = new Map<string, ReadonlySet<string>>();
  if (json === undefined || json === "") return filters;
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw invalidFilter(undefined, cause);
  }
  if (value === null) return filters;
  if (typeof value !== "object" || Array.isArray(value)) throw invalidFilter();
  for (const [key, given] of Object.entries(value as Record<string, unknown>)) {
    if (!accepted.includes(key)) throw invalidFilter(`'${key}'`);
    filters.set(key, new Set(valuesOf(given)));
  }
  return filters;
}

function valuesOf(given: unknown): readonly string[] {
  if (given === null) return [];
  if (Array.isArray(given)) {
    if (!given.every((item) => typeof item === "string")) throw invalidFilter();
    return given;
  }
  if (typeof given !== "object") throw invalidFilter();
  if (!Object.values(given).every((flag) => typeof flag === "boolean" || flag === null)) throw invalidFilter();
  // docker-compat: whether it is true or false is not looked at.
  return Object.keys(given);
}

function invalidFilter(what?: string, cause?: unknown): BerthError {
  return new BerthError("invalid-parameter", what === undefined ? "invalid filter" : `invalid filter ${what}`, {
    cause,
  });
}

/** For a filter that must be one boolean; `fallback` when it is not given. */
export function booleanFilter(filters: Filters, key: string, fallback: boolean): boolean {
  const values = filters.get(key);
  if (values === undefined) return fallback;
  if (values.size === 0) throw invalidFilter(`'${key}'`);
  const [only] = values;
  if (values.size === 1 && (only === "1" || only === "true")) return true;
  if (values.size === 1 && (only === "0" || only === "false")) return false;
  throw new BerthError("invalid-parameter", `invalid filter '${key}=[${[...values].join(" ")}]'`);
}

/** `label` and `label!`: the first must all hold, the second must not. */
export function matchesLabelFilters(filters: Filters, labels: Readonly<Record<string, string>>): boolean {
  return matchesLabels(filters, labels) && !(filters.has("label!") && matchesLabels(filters, labels, "label!"));
}

/** `label` filters: `key` or `key=value`, all of which must hold. */
export function matchesLabels(filters: Filters, labels: Readonly<Record<string, string>>, key = "label"): boolean {
  for (const wanted of filters.get(key) ?? []) {
    const split = wanted.indexOf("=");
    const name = split < 0 ? wanted : wanted.slice(0, split);
    if (!Object.hasOwn(labels, name)) return false;
    if (split >= 0 && labels[name] !== wanted.slice(split + 1)) return false;
  }
  return true;
}
