import { BerthError } from "#base/errors.ts";

/** One prune of a kind at a time: a second one would only find what the first is removing. `conflict` meanwhile. */
export class PruneGuard {
  #running = false;

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running) throw new BerthError("conflict", "a prune operation is already running");
    this.#running = true;
    try {
      return await work();
    } finally {
      this.#running = false;
    }
  }
}
