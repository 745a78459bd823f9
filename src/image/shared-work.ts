import { orAborted } from "#base/async.ts";
import { cancelled } from "#base/errors.ts";
import type { Progress } from "./types.ts";

export type OnProgress = (line: Progress) => void;

interface Flight<T> {
  readonly result: Promise<T>;
  readonly listeners: Set<OnProgress>;
  /** The last line of each id, in order of first appearance: what a late listener must hear to draw the same picture. */
  readonly latest: Map<string, Progress>;
  readonly abort: AbortController;
  participants: number;
}

/**
 * Work that several callers may want at once, done once. Everyone hears its progress, a late one first what stands. A
 * caller who gives up leaves alone; the work stops when the last one has left.
 */
export class SharedWork<T> {
  readonly #flights = new Map<string, Flight<T>>();

  async join(
    key: string,
    caller: { readonly signal: AbortSignal | undefined; readonly onProgress: OnProgress },
    work: (signal: AbortSignal, emit: OnProgress) => Promise<T>,
  ): Promise<T> {
    if (caller.signal?.aborted === true) throw cancelled();
    const flight = this.#flights.get(key) ?? this.#begin(key, work);
    for (const line of flight.latest.values()) caller.onProgress(line);
    flight.listeners.add(caller.onProgress);
    flight.participants++;
    try {
      return await (caller.signal === undefined ? flight.result : orAborted(flight.result, caller.signal));
    } finally {
      flight.listeners.delete(caller.onProgress);
      flight.participants--;
      if (flight.participants === 0) {
        if (this.#flights.get(key) === flight) this.#flights.delete(key);
        flight.abort.abort();
      }
    }
  }

  #begin(key: string, work: (signal: AbortSignal, emit: OnProgress) => Promise<T>): Flight<T> {
    const abort = new AbortController();
    const listeners = new Set<OnProgress>();
    const latest = new Map<string, Progress>();
    const emit: OnProgress = (line) => {
      latest.set(line.id ?? line.status, line);
      for (const listener of listeners) listener(line);
    };
    // Begins in a later turn, when the first caller listens.
    const result = Promise.resolve().then(() => work(abort.signal, emit));
    result.catch(() => undefined);
    const flight: Flight<T> = { result, listeners, latest, abort, participants: 0 };
    this.#flights.set(key, flight);
    void result
      .catch(() => undefined)
      .finally(() => {
        if (this.#flights.get(key) === flight) this.#flights.delete(key);
      });
    return flight;
  }
}
