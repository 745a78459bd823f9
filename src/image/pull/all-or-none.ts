/** All at once, results in the order of the items. The first failure stops the others, whose own ("cancelled") say nothing. */
export async function allOrNone<T, R>(
  given: AbortSignal,
  items: readonly T[],
  work: (item: T, signal: AbortSignal) => Promise<R>,
): Promise<readonly R[]> {
  const stop = new AbortController();
  const signal = AbortSignal.any([given, stop.signal]);
  const outcomes = await Promise.allSettled(
    items.map(async (item) => {
      try {
        return await work(item, signal);
      } catch (error) {
        stop.abort();
        throw error;
      }
    }),
  );
  const failures = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as unknown] : []));
  if (failures.length > 0) throw failures.find((error) => !isCancelled(error)) ?? failures[0];
  return outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
}

function isCancelled(error: unknown): boolean {
  return error instanceof Error && "kind" in error && error.kind === "cancelled";
}
