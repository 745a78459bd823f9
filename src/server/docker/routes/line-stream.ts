export interface LineWriter {
  say(value: object): void;
  /** A line with bytes right behind it. Resolves when the reader has taken them, so that it sets the pace. */
  send(value: object, bytes: Uint8Array): Promise<void>;
}

interface Item {
  readonly text: string;
  readonly bytes: Uint8Array | undefined;
  readonly taken: () => void;
}

/**
 * Values as they come, one JSON text a line; those of one turn of the event loop together. A failure before the first is
 * thrown, and answered with its status; `work` tells of later ones itself. Nobody waits for a reader that has gone: `work`
 * hears of that by its own signal, and what it sends from then on is thrown away.
 */
export async function* lineStream(work: (out: LineWriter) => Promise<void>): AsyncGenerator<string | Uint8Array> {
  const queue: Item[] = [];
  let wake = (): void => {};
  let isGone = false;
  let outcome: { readonly error?: unknown } | undefined;
  /** Resolves in the turn after the one in which there is something to tell. */
  const somethingNew = (): Promise<void> =>
    new Promise((resolve) => {
      wake = () => {
        wake = () => {};
        setImmediate(resolve);
      };
    });
  const finish = (result: { readonly error?: unknown }): void => {
    outcome = result;
    wake();
  };
  const push = (value: object, bytes: Uint8Array | undefined): Promise<void> => {
    if (isGone) return Promise.resolve();
    return new Promise((taken) => {
      queue.push({ text: `${JSON.stringify(value)}\n`, bytes, taken });
      wake();
    });
  };
  const out: LineWriter = { say: (value) => void push(value, undefined), send: (value, bytes) => push(value, bytes) };
  work(out).then(
    () => finish({}),
    (error: unknown) => finish({ error }),
  );
  try {
    for (;;) {
      const items = queue.splice(0);
      if (items.length > 0) yield* pieces(items);
      else if (outcome === undefined) await somethingNew();
      else if ("error" in outcome) throw outcome.error;
      else return;
    }
  } finally {
    isGone = true;
    for (const { taken } of queue.splice(0)) taken();
  }
}

/** Lines without bytes together. */
function* pieces(items: readonly Item[]): Generator<string | Uint8Array> {
  let text = "";
  try {
    for (const item of items) {
      text += item.text;
      if (item.bytes === undefined) continue;
      yield text;
      text = "";
      yield item.bytes;
      item.taken();
    }
    if (text !== "") yield text;
  } finally {
    for (const { taken } of items) taken();
  }
}
