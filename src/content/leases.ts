/**
 * What is in use although no row names it yet: content of a pull under way. Kept in memory on purpose: work in flight
 * ends with the process, and at the next start everything without a row is garbage.
 */
export class Leases {
  readonly #counts = new Map<string, number>();

  /** Hold `key` (a digest) until the lease is released. */
  acquire(): Lease {
    return new Lease(this.#counts);
  }

  isHeld(key: string): boolean {
    return this.#counts.has(key);
  }

  get size(): number {
    return this.#counts.size;
  }
}

/** One holder's keys. Releasing twice does nothing. */
export class Lease {
  readonly #counts: Map<string, number>;
  readonly #held = new Set<string>();

  constructor(counts: Map<string, number>) {
    this.#counts = counts;
  }

  hold(key: string): void {
    if (this.#held.has(key)) return;
    this.#held.add(key);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  /** What it holds now. */
  get keys(): readonly string[] {
    return [...this.#held];
  }

  release(): void {
    for (const key of this.#held) {
      const left = (this.#counts.get(key) ?? 1) - 1;
      if (left === 0) this.#counts.delete(key);
      else this.#counts.set(key, left);
    }
    this.#held.clear();
  }
}
