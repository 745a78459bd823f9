import type { Container } from "../container.ts";
import type { Sample } from "./sample.ts";
import type { TakeSample } from "./take-sample.ts";

/** A sample, and the one before it; undefined each when the container did not run. */
export interface Reading {
  readonly sample: Sample | undefined;
  readonly previous: Sample | undefined;
}

export interface Ticker {
  /** Call `act` every `ms` until the result is called. */
  every(ms: number, act: () => void): () => void;
}

const periodMs = 1000;

interface Watch {
  latest: Reading | undefined;
  readonly watchers: Set<Watcher>;
  stop(): void;
}

/** Holds one reading: a slow reader misses some and never makes them pile up. */
class Watcher {
  #reading: Reading | undefined;
  #ended = false;
  #wake = (): void => {};

  offer(reading: Reading): void {
    this.#reading = reading;
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** Undefined at the end. */
  async next(): Promise<Reading | undefined> {
    while (this.#reading === undefined && !this.#ended) await new Promise<void>((resolve) => (this.#wake = resolve));
    const reading = this.#reading;
    this.#reading = undefined;
    return reading;
  }
}

/**
 * Reads each container that somebody watches once a second, however many watch it. Who comes second gets the last
 * reading at once.
 */
export class StatsSampler {
  readonly #take: TakeSample;
  readonly #ticker: Ticker;
  readonly #watches = new Map<string, Watch>();

  constructor(deps: { readonly takeSample: TakeSample; readonly ticker: Ticker }) {
    this.#take = deps.takeSample;
    this.#ticker = deps.ticker;
  }

  /** Containers being sampled. */
  get active(): number {
    return this.#watches.size;
  }

  /** Readings, the first one at once, until the container is removed or the signal aborts. */
  async *watch(container: Container, signal: AbortSignal): AsyncGenerator<Reading, void> {
    if (signal.aborted) return;
    const watcher = new Watcher();
    const end = (): void => watcher.end();
    const watch = this.#join(container, watcher);
    signal.addEventListener("abort", end, { once: true });
    container.removalListeners.add(end);
    try {
      if (watch.latest !== undefined) watcher.offer(watch.latest);
      for (let reading = await watcher.next(); reading !== undefined; reading = await watcher.next()) {
        if (signal.aborted) return;
        yield reading;
      }
    } finally {
      signal.removeEventListener("abort", end);
      container.removalListeners.delete(end);
      this.#leave(container.id, watch, watcher);
    }
  }

  #join(container: Container, watcher: Watcher): Watch {
    const known = this.#watches.get(container.id);
    if (known !== undefined) {
      known.watchers.add(watcher);
      return known;
    }
    const tick = (): void => void this.#tick(container, watch);
    const stop = this.#ticker.every(periodMs, tick);
    const watch: Watch = { latest: undefined, watchers: new Set([watcher]), stop };
    this.#watches.set(container.id, watch);
    tick();
    return watch;
  }

  async #tick(container: Container, watch: Watch): Promise<void> {
    // A container that goes away while it is read has no counters.
    const sample = await this.#take(container).catch(() => undefined);
    watch.latest = { sample, previous: watch.latest?.sample };
    for (const watcher of watch.watchers) watcher.offer(watch.latest);
  }

  #leave(id: string, watch: Watch, watcher: Watcher): void {
    watch.watchers.delete(watcher);
    if (watch.watchers.size > 0) return;
    watch.stop();
    this.#watches.delete(id);
  }
}

/** The timers of this process. */
export const intervalTicker: Ticker = {
  every(ms, act) {
    const timer = setInterval(act, ms);
    return () => clearInterval(timer);
  },
};
