import type { Clock } from "../ports.ts";

/** A clock that stands still until it is turned. */
export class FakeClock implements Clock {
  #nowNs: bigint;
  readonly #timers = new Set<{ readonly dueNs: bigint; readonly work: () => void }>();

  constructor(startNs: bigint) {
    this.#nowNs = startNs;
  }

  nowNs(): bigint {
    return this.#nowNs;
  }

  after(milliseconds: number, work: () => void): () => void {
    const timer = { dueNs: this.#nowNs + BigInt(Math.trunc(milliseconds * 1e6)), work };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Timers that wait. */
  get waiting(): number {
    return this.#timers.size;
  }

  /** Let time pass; timers fire in the order of their times, and what they set off is waited for. */
  async advance(milliseconds: number): Promise<void> {
    const endNs = this.#nowNs + BigInt(milliseconds) * 1_000_000n;
    for (;;) {
      const [next] = [...this.#timers]
        .filter(({ dueNs }) => dueNs <= endNs)
        .toSorted((a, b) => (a.dueNs < b.dueNs ? -1 : 1));
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#nowNs = next.dueNs > this.#nowNs ? next.dueNs : this.#nowNs;
      next.work();
      await settled();
    }
    this.#nowNs = endNs;
  }
}

/** What was resolved has been acted on. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
