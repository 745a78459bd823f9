/**
 * The option nearest to what was written, for "did you mean": at most two letters inserted, left out or exchanged.
 * Undefined when none is near, or when one is the same.
 */
export function suggest(written: string, options: Iterable<string>, ignoreCase = false): string | undefined {
  const wanted = ignoreCase ? written.toLowerCase() : written;
  let best: { readonly option: string; readonly distance: number } | undefined;
  for (const option of options) {
    const candidate = ignoreCase ? option.toLowerCase() : option;
    if (candidate === wanted) return undefined;
    const distance = editDistance(wanted, candidate);
    if (distance <= 2 && (best === undefined || distance < best.distance)) best = { option: candidate, distance };
  }
  if (best === undefined) return undefined;
  return ignoreCase && written === written.toUpperCase() && written !== written.toLowerCase()
    ? best.option.toUpperCase()
    : best.option;
}

/** `message (did you mean x?)`, or the message alone. */
export function withSuggestion(
  message: string,
  written: string,
  options: Iterable<string>,
  ignoreCase = false,
): string {
  const near = suggest(written, options, ignoreCase);
  return near === undefined ? message : `${message} (did you mean ${near}?)`;
}

/** Levenshtein's. */
function editDistance(one: string, other: string): number {
  const letters = Array.from(other);
  let row = Array.from({ length: letters.length + 1 }, (_, index) => index);
  for (const [line, letter] of Array.from(one).entries()) {
    const below = [line + 1];
    for (const [column, candidate] of letters.entries()) {
      const changed = (row[column] ?? 0) + (letter === candidate ? 0 : 1);
      below.push(Math.min(changed, (row[column + 1] ?? 0) + 1, (below[column] ?? 0) + 1));
    }
    row = below;
  }
  return row[letters.length] ?? 0;
}
