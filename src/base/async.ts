import { BerthError } from "./errors.ts";

/** A promise with its two ends in the open. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
}

export function deferred<T>(): Deferred<T> {
  return Promise.withResolvers<T>();
}

/** Mutual exclusion per key; waiters get their turn in the order they came. */
export class KeyedMutex {
  readonly #tails = new Map<string, Promise<void>>();

  /** Run `work` while nothing else runs under `key`. Not re-entrant. */
  async run<T>(key: string, work: () => Promise<T> | T): Promise<T> {
    const before = this.#tails.get(key);
    const done = deferred<void>();
    this.#tails.set(key, done.promise);
    try {
      if (before !== undefined) await before;
      return await work();
    } finally {
      if (this.#tails.get(key) === done.promise) this.#tails.delete(key);
      done.resolve();
    }
  }

  /** Keys held now. */
  get size(): number {
    return this.#tails.size;
  }
}

/** Mutual exclusion for one thing. */
export class Mutex {
  readonly #keyed = new KeyedMutex();

  run<T>(work: () => Promise<T> | T): Promise<T> {
    return this.#keyed.run("", work);
  }
}

/** Callers that ask for the same key while the work is under way share its outcome. */
export class SingleFlight<T> {
  readonly #flights = new Map<string, Promise<T>>();

  run(key: string, work: () => Promise<T>): Promise<T> {
    const flying = this.#flights.get(key);
    if (flying !== undefined) return flying;
    const flight = work().finally(() => this.#flights.delete(key));
    this.#flights.set(key, flight);
    return flight;
  }
}

/** At most `limit` pieces of work at a time, first come first served. */
export class Limit {
  readonly #limit: () => number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  /** A limit that changes counts from the next piece of work that begins or ends. */
  constructor(limit: number | (() => number)) {
    this.#limit = typeof limit === "number" ? () => limit : limit;
  }

  async run<T>(work: () => Promise<T> | T): Promise<T> {
    if (this.#running >= this.#limit()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running++;
    try {
      return await work();
    } finally {
      this.#running--;
      while (this.#waiting.length > 0 && this.#running < this.#limit()) {
        this.#running++;
        this.#waiting.shift()?.();
      }
    }
  }
}

/** Resolves when the event loop has come round: what was answered until now is on its way. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Resolves after `milliseconds`; rejects with `cancelled` as soon as `signal` aborts. */
export function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = deferred<void>();
  if (signal?.aborted === true) return Promise.reject(cancelled(signal));
  const onAbort = (): void => {
    clearTimeout(timer);
    reject(cancelled(signal));
  };
  const timer = setTimeout(() => {
    signal?.removeEventListener("abort", onAbort);
    resolve();
  }, milliseconds);
  signal?.addEventListener("abort", onAbort, { once: true });
  return promise;
}

/** The outcome of `work`, or `otherwise` when it takes longer than `milliseconds`. The work itself is not stopped. */
export function within<T>(work: Promise<T>, milliseconds: number, otherwise: T): Promise<T> {
  const late = deferred<T>();
  const timer = setTimeout(() => late.resolve(otherwise), milliseconds);
  return Promise.race([work, late.promise]).finally(() => clearTimeout(timer));
}

/** The outcome of `work`, or a `cancelled` rejection when `signal` aborts first. The work itself is not stopped. */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) return Promise.reject(cancelled(signal));
  const aborted = deferred<never>();
  const onAbort = (): void => aborted.reject(cancelled(signal));
  signal.addEventListener("abort", onAbort, { once: true });
  return Promise.race([work, aborted.promise]).finally(() => signal.removeEventListener("abort", onAbort));
}

function cancelled(signal: AbortSignal | undefined): BerthError {
  return new BerthError("cancelled", "the operation was cancelled", { cause: signal?.reason });
}
