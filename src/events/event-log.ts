import { BerthError, messageOf } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import type { EventInput, EventRecord } from "./event.ts";
import type { EventFiles, EventPosition } from "./event-files.ts";

export interface EventSubscription {
  /** Begin with the kept events of this time and later; without it only what comes is told. */
  readonly sinceNs?: bigint;
  /** End before the first event later than this, at the latest when this time has come. */
  readonly untilNs?: bigint;
  readonly signal?: AbortSignal;
  /** Of the engine's own: not counted among the listeners. */
  readonly own?: boolean;
}

interface Recent {
  readonly record: EventRecord;
  /** Where the record begins on disk, or would. */
  readonly position: EventPosition;
}

/**
 * Tells every subscriber every event, in order, and keeps them for later ones, across restarts of the engine. An event is
 * on disk before anybody hears of it ({@link EventFiles} tells what that is worth).
 *
 * A subscriber has no queue, only a place: the newest `recent` events are in memory, and who is further behind reads the
 * files. So publishing never waits and a slow reader costs nothing. One so slow that the history was given up under it is
 * cut off with `resource-exhausted`, and may come back with `since`.
 */
export class EventLog {
  readonly #nowNs: () => bigint;
  readonly #files: EventFiles;
  readonly #log: Log;
  readonly #keep: number;
  readonly #recent: Recent[] = [];
  /** Number of the first of `#recent`, counted from the first event of this process. */
  #firstRecent = 0;
  #lastNs: bigint;
  #writable = true;
  readonly #waiting = new Set<() => void>();
  #listeners = 0;

  constructor(deps: {
    readonly clock: { nowNs(): bigint };
    readonly files: EventFiles;
    readonly log: Log;
    readonly recent?: number;
  }) {
    this.#nowNs = () => deps.clock.nowNs();
    this.#files = deps.files;
    this.#log = deps.log;
    this.#keep = deps.recent ?? 1024;
    this.#lastNs = deps.files.lastNs;
  }

  /** Number of live subscribers, the engine's own aside. */
  get listeners(): number {
    return this.#listeners;
  }

  publish(event: EventInput): void {
    const now = this.#nowNs();
    this.#lastNs = now > this.#lastNs ? now : this.#lastNs;
    const record: EventRecord = { ...event, timeNs: this.#lastNs };
    const position = this.#files.end;
    if (event.transient !== true) this.#write(record);
    this.#recent.push({ record, position });
    if (this.#recent.length > this.#keep) {
      this.#recent.shift();
      this.#firstRecent += 1;
    }
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  /** Subscribes at once, not at the first read; ends when the signal aborts, `untilNs` has passed, or the reader leaves. */
  subscribe(options: EventSubscription = {}): AsyncIterableIterator<EventRecord> {
    const { sinceNs, untilNs, signal } = options;
    const counts = options.own === true ? 0 : 1;
    const next = this.#reader(sinceNs);
    let ended = false;
    let wake = (): void => {};
    const end = (): void => {
      if (ended) return;
      ended = true;
      this.#listeners -= counts;
      this.#waiting.delete(wake);
      signal?.removeEventListener("abort", end);
      clearTimeout(timer);
      wake();
    };
    const timer = untilNs === undefined ? undefined : setTimeout(end, millisecondsUntil(untilNs, this.#nowNs()));
    this.#listeners += counts;
    signal?.addEventListener("abort", end, { once: true });
    if (signal?.aborted === true) end();

    const step = async (): Promise<IteratorResult<EventRecord>> => {
      for (;;) {
        // What came before the end is still told when it is time that ended it, not when the reader left.
        const record = signal?.aborted === true ? undefined : next();
        if (record === "more") {
          // A long history is read in pieces, with everything else in between.
          await new Promise<void>((resolve) => setImmediate(resolve));
          continue;
        }
        if (record !== undefined && (untilNs === undefined || record.timeNs <= untilNs)) {
          return { done: false, value: record };
        }
        if (ended || record !== undefined || (untilNs !== undefined && untilNs <= this.#nowNs())) {
          end();
          return { done: true, value: undefined };
        }
        await new Promise<void>((resolve) => {
          wake = resolve;
          this.#waiting.add(resolve);
        });
      }
    };
    return {
      next: () =>
        step().catch((error: unknown) => {
          end();
          throw error;
        }),
      async return() {
        end();
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  #write(record: EventRecord): void {
    try {
      this.#files.append(record);
      this.#writable = true;
    } catch (error) {
      // Once for each time it begins to fail: a full disk would fill the log too.
      if (this.#writable) this.#log.error("could not keep an event", { error: messageOf(error) });
      this.#writable = false;
    }
  }

  /** Gives one subscriber's next record; undefined = there is none yet, `more` = ask again after a pause. */
  #reader(sinceNs: bigint | undefined): () => EventRecord | "more" | undefined {
    let place = this.#files.end;
    let number = this.#firstRecent + this.#recent.length;
    if (sinceNs !== undefined) {
      const index = this.#recent.findIndex(({ record }) => record.timeNs >= sinceNs);
      if (index > 0) number = this.#firstRecent + index;
      if (index === 0 || this.#recent.length === 0) {
        // Older ones may be wanted than those in memory.
        number = -1;
        place = this.#files.startOf(sinceNs);
      }
    }
    let fromFile: EventRecord[] = [];
    return () => {
      for (let old = fromFile.shift(); old !== undefined; old = fromFile.shift()) {
        if (sinceNs === undefined || old.timeNs >= sinceNs) return old;
      }
      if (number < this.#firstRecent) {
        const memory = this.#recent[0]?.position ?? this.#files.end;
        if (!atOrBehind(place, memory)) {
          const read = this.#files.read(place, memory);
          if (read === undefined) throw new BerthError("resource-exhausted", "the event reader is too slow");
          fromFile = [...read.records];
          place = read.next;
          return "more";
        }
        number = this.#firstRecent;
      }
      const recent = this.#recent[number - this.#firstRecent];
      if (recent === undefined) return undefined;
      number += 1;
      place = this.#recent[number - this.#firstRecent]?.position ?? this.#files.end;
      return recent.record;
    };
  }
}

function atOrBehind(place: EventPosition, other: EventPosition): boolean {
  return place.file > other.file || (place.file === other.file && place.offset >= other.offset);
}

/** setTimeout takes 31 bits; an `until` beyond 24 days ends the stream then. */
function millisecondsUntil(untilNs: bigint, nowNs: bigint): number {
  const milliseconds = (untilNs - nowNs) / 1_000_000n + 1n;
  return Number(milliseconds < 0n ? 0n : milliseconds > 0x7fffffffn ? 0x7fffffffn : milliseconds);
}
