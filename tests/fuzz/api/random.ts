/** A small seeded generator (xorshift32, Marsaglia 2003): the same seed gives the same requests. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed ^ 0x9e3779b9) >>> 0 || 1;
    for (let turn = 0; turn < 8; turn++) this.next();
  }

  /** 0 <= x < 2^32. */
  next(): number {
    let x = this.#state;
    x ^= x << 13;
    x >>>= 0;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state;
  }

  below(limit: number): number {
    return this.next() % limit;
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<T>(from: readonly T[]): T {
    const item = from[this.below(from.length)];
    if (item === undefined && from.length === 0) throw new Error("nothing to pick from");
    return item as T;
  }
}
