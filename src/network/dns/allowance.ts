/**
 * How many things may be done: `rate` a second, and after a pause up to `burst` at once (a token bucket). `nowMs`: any clock
 * that does not go back.
 */
export class Allowance {
  readonly #rate: number;
  readonly #burst: number;
  readonly #nowMs: () => number;
  #left: number;
  #countedMs: number;

  constructor(deps: { readonly rate: number; readonly burst: number; readonly nowMs: () => number }) {
    this.#rate = deps.rate;
    this.#burst = deps.burst;
    this.#nowMs = deps.nowMs;
    this.#left = deps.burst;
    this.#countedMs = deps.nowMs();
  }

  /** False when it is not allowed now. */
  take(): boolean {
    const now = this.#nowMs();
    this.#left = Math.min(this.#burst, this.#left + ((now - this.#countedMs) * this.#rate) / 1000);
    this.#countedMs = now;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
