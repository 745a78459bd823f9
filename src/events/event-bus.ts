import { BerthError } from "#base/errors.ts";

export type EventType = "container" | "image" | "network" | "volume" | "daemon";

/** One thing that happened to an object of the engine; faces give it their own wire shape. */
export interface EventInput {
  readonly type: EventType;
  /** Docker's word for it, e.g. `start` or `exec_create: sh`. */
  readonly action: string;
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface EventRecord extends EventInput {
  /** Unix nanoseconds; never smaller than that of an earlier event. */
  readonly timeNs: bigint;
}

export interface EventSubscription {
  /** Begin with the kept events of this time and later; without it only what comes is told. */
  readonly sinceNs?: bigint;
  /** End before the first event later than this, at the latest when this time has come. */
  readonly untilNs?: bigint;
  readonly signal?: AbortSignal;
}

interface Subscriber {
  readonly queue: EventRecord[];
  readonly untilNs: bigint | undefined;
  wake: () => void;
  ended: boolean;
  overflowed: boolean;
}

/**
 * Tells every subscriber every event, in order. The last `keep` events stay for replay. Publishing never waits: a
 * subscriber that falls `maxBehind` events behind is cut off with `resource-exhausted` and may come back with `since`.
 */
export class EventBus {
  readonly #nowNs: () => bigint;
  readonly #keep: number;
  readonly #maxBehind: number;
  readonly #ring: EventRecord[] = [];
  readonly #subscribers = new Set<Subscriber>();
  #lastNs = 0n;

  constructor(deps: { readonly clock: { nowNs(): bigint }; readonly keep?: number; readonly maxBehind?: number }) {
    this.#nowNs = () => deps.clock.nowNs();
    this.#keep = deps.keep ?? 1024;
    this.#maxBehind = deps.maxBehind ?? 16_384;
  }

  /** Number of live subscribers. */
  get listeners(): number {
    return this.#subscribers.size;
  }

  publish(event: EventInput): void {
    const now = this.#nowNs();
    this.#lastNs = now > this.#lastNs ? now : this.#lastNs;
    const record: EventRecord = { ...event, timeNs: this.#lastNs };
    this.#ring.push(record);
    if (this.#ring.length > this.#keep) this.#ring.shift();
    for (const subscriber of this.#subscribers) this.#offer(subscriber, record);
  }

  /** Subscribes at once, not at the first read; ends when the signal aborts, `untilNs` has passed, or the reader leaves. */
  subscribe(options: EventSubscription = {}): AsyncIterableIterator<EventRecord> {
    const { sinceNs, untilNs, signal } = options;
    const subscriber: Subscriber = { queue: [], untilNs, wake: () => {}, ended: false, overflowed: false };
    if (sinceNs !== undefined) {
      for (const record of this.#ring) if (record.timeNs >= sinceNs) this.#offer(subscriber, record);
    }
    const end = (): void => {
      subscriber.ended = true;
      this.#subscribers.delete(subscriber);
      signal?.removeEventListener("abort", end);
      clearTimeout(timer);
      subscriber.wake();
    };
    const timer = untilNs === undefined ? undefined : setTimeout(end, millisecondsUntil(untilNs, this.#nowNs()));
    this.#subscribers.add(subscriber);
    signal?.addEventListener("abort", end, { once: true });
    if (signal?.aborted === true || subscriber.ended || (untilNs !== undefined && untilNs <= this.#nowNs())) end();

    return {
      async next() {
        for (;;) {
          const record = signal?.aborted === true ? undefined : subscriber.queue.shift();
          if (record !== undefined) return { done: false, value: record };
          if (subscriber.overflowed) {
            end();
            throw new BerthError("resource-exhausted", "the event reader is too slow");
          }
          if (subscriber.ended) {
            end();
            return { done: true, value: undefined };
          }
          await new Promise<void>((resolve) => (subscriber.wake = resolve));
        }
      },
      async return() {
        end();
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  #offer(subscriber: Subscriber, record: EventRecord): void {
    if (subscriber.ended) return;
    if (subscriber.untilNs !== undefined && record.timeNs > subscriber.untilNs) subscriber.ended = true;
    else if (subscriber.queue.length >= this.#maxBehind) subscriber.ended = subscriber.overflowed = true;
    else subscriber.queue.push(record);
    subscriber.wake();
  }
}

/** setTimeout takes 31 bits; an `until` beyond 24 days ends the stream then. */
function millisecondsUntil(untilNs: bigint, nowNs: bigint): number {
  const milliseconds = (untilNs - nowNs) / 1_000_000n + 1n;
  return Number(milliseconds < 0n ? 0n : milliseconds > 0x7fffffffn ? 0x7fffffffn : milliseconds);
}
