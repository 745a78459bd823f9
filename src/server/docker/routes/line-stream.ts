/**
 * Values as they come, one JSON text a line. A failure before the first is thrown, and answered with its status; `work`
 * tells of later ones itself.
 */
export async function* lineStream(work: (say: (value: object) => void) => Promise<void>): AsyncGenerator<string> {
  const queue: object[] = [];
  let wake = (): void => {};
  let outcome: { readonly error?: unknown } | undefined;
  const finish = (result: { readonly error?: unknown }): void => {
    outcome = result;
    wake();
  };
  work((value) => {
    queue.push(value);
    wake();
  }).then(
    () => finish({}),
    (error: unknown) => finish({ error }),
  );
  for (;;) {
    if (queue.length > 0)
      yield queue
        .splice(0)
        .map((value) => `${JSON.stringify(value)}\n`)
        .join("");
    else if (outcome === undefined) await new Promise<void>((resolve) => (wake = resolve));
    else if ("error" in outcome) throw outcome.error;
    else return;
  }
}
