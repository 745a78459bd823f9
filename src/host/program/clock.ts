/** Time as the layers above take it, so that tests can turn it. */
export interface Clock {
  /** Unix time in nanoseconds. */
  nowNs(): bigint;
  /** Call `work` once after so many milliseconds, unless the returned function is called before. */
  after(milliseconds: number, work: () => void): () => void;
  /** Milliseconds of a clock that never jumps, for measuring. */
  monotonicMs(): number;
}

/** The machine's clock. `Date` has milliseconds only; the nanoseconds below them come from the monotonic clock. */
export class SystemClock implements Clock {
  #offsetNs = 0n;

  nowNs(): bigint {
    const monotonic = process.hrtime.bigint();
    const wall = Date.now();
    const guess = monotonic + this.#offsetNs;
    // Keep the offset while it agrees with the wall clock to the millisecond; otherwise the clock was set, or has drifted.
    const difference = guess - BigInt(wall) * 1_000_000n;
    if (difference >= 0n && difference < 1_000_000n) return guess;
    // Read after the wall clock, however late: the offset then is never too large, and is only ever corrected upwards.
    this.#offsetNs = BigInt(wall) * 1_000_000n - process.hrtime.bigint();
    return BigInt(wall) * 1_000_000n;
  }

  monotonicMs(): number {
    return performance.now();
  }

  after(milliseconds: number, work: () => void): () => void {
    let timer: ReturnType<typeof setTimeout>;
    // setTimeout takes 31 bits of milliseconds, 24 days.
    const wait = (left: number): void => {
      timer = setTimeout(
        () => (left > longestTimerMs ? wait(left - longestTimerMs) : work()),
        Math.min(left, longestTimerMs),
      );
    };
    wait(milliseconds);
    return () => clearTimeout(timer);
  }
}

const longestTimerMs = 0x7fffffff;
