/** Filter values by key, as a person gives them: `{ label: ["a=b"], status: ["running"] }`. */
export type FilterValues = Readonly<Record<string, readonly string[]>>;

/** The `filters` query parameter in the form every API version reads: a map of sets. Undefined when there is none. */
export function filtersParameter(filters: FilterValues | undefined): string | undefined {
  if (filters === undefined || Object.keys(filters).length === 0) return undefined;
  const sets = Object.keys(filters)
    .toSorted()
    .map((key) => [key, Object.fromEntries((filters[key] ?? []).toSorted().map((value) => [value, true]))]);
  return JSON.stringify(Object.fromEntries(sets));
}
