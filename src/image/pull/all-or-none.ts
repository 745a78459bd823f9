/** All at once. The first failure stops the others, whose own ("cancelled") say nothing. */
export async function allOrNone<T>(
  given: AbortSignal,
  items: readonly T[],
  work: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const signal = AbortSignal.any([given, stop.signal]);
  const outcomes = await Promise.allSettled(
    items.map(async (item) => {
      try {
        await work(item, signal);
      } catch (error) {
        stop.abort();
        throw error;
      }
    }),
  );
  const failures = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as unknown] : []));
  if (failures.length > 0) throw failures.find((error) => !isCancelled(error)) ?? failures[0];
}

function isCancelled(error: unknown): boolean {
  return error instanceof Error && "kind" in error && error.kind === "cancelled";
}
