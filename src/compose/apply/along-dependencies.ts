/**
 * Work on every name once those it depends on are done, all else at the same time. `reverse`: on what depends on it first.
 * The first failure stops what has not begun; it is thrown when what runs has ended.
 */
export async function alongDependencies(
  names: readonly string[],
  dependenciesOf: (name: string) => readonly string[],
  work: (name: string) => Promise<void>,
  options: { readonly reverse?: boolean } = {},
): Promise<void> {
  const before = new Map(names.map((name) => [name, new Set<string>()]));
  for (const name of names) {
    for (const other of dependenciesOf(name)) {
      if (!before.has(other)) continue;
      if (options.reverse === true) before.get(other)?.add(name);
      else before.get(name)?.add(other);
    }
  }
  const tasks = new Map<string, Promise<void>>();
  const failure: { error?: unknown } = {};
  const task = (name: string): Promise<void> => {
    const known = tasks.get(name);
    if (known !== undefined) return known;
    const begun = (async () => {
      await Promise.all([...(before.get(name) ?? [])].map(task));
      if ("error" in failure) return;
      try {
        await work(name);
      } catch (error) {
        if (!("error" in failure)) failure.error = error;
      }
    })();
    tasks.set(name, begun);
    return begun;
  };
  await Promise.all(names.map(task));
  if ("error" in failure) throw failure.error;
}
