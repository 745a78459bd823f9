/** Work that goes on until nobody wants it. */
export type Subscription = (signal: AbortSignal) => Promise<void>;

/** Keeps exactly the wanted subscriptions running, each known by its key. */
export class Subscriptions {
  readonly #running = new Map<string, AbortController>();

  /** Start what is wanted and not there, stop what is there and not wanted. A subscription must not throw. */
  want(wanted: ReadonlyMap<string, Subscription>): void {
    for (const [key, abort] of this.#running) {
      if (wanted.has(key)) continue;
      this.#running.delete(key);
      abort.abort();
    }
    for (const [key, start] of wanted) {
      if (this.#running.has(key)) continue;
      const abort = new AbortController();
      this.#running.set(key, abort);
      void start(abort.signal);
    }
  }
}
