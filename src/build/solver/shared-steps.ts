import { orAborted } from "#base/async.ts";
import type { StepEvent } from "./types.ts";

/** What a late participant is told of a step's output, at most. */
const MAX_REPLAY = 256 << 10;

interface Flight<T> {
  readonly result: Promise<T>;
  readonly listeners: Set<(event: StepEvent) => void>;
  readonly past: StepEvent[];
  readonly abort: AbortController;
  replayBytes: number;
  participants: number;
}

/**
 * Steps that several builds want at once, carried out once. Everyone hears what the step says, who comes late first what
 * was said (of long output the end). Who gives up leaves alone; the step is stopped when the last one has left, and who
 * left waits for that, so that a cancelled build leaves nothing behind.
 */
export class SharedSteps<T> {
  readonly #flights = new Map<string, Flight<T>>();

  async join(
    key: string,
    caller: { readonly signal: AbortSignal; readonly report: (event: StepEvent) => void },
    work: (signal: AbortSignal, report: (event: StepEvent) => void) => Promise<T>,
  ): Promise<T> {
    caller.signal.throwIfAborted();
    const flight = this.#flights.get(key) ?? this.#begin(key, work);
    for (const event of flight.past) caller.report(event);
    flight.listeners.add(caller.report);
    flight.participants++;
    try {
      return await orAborted(flight.result, caller.signal);
    } finally {
      flight.listeners.delete(caller.report);
      flight.participants--;
      if (flight.participants === 0) {
        if (this.#flights.get(key) === flight) this.#flights.delete(key);
        flight.abort.abort(caller.signal.reason);
        await flight.result.catch(() => undefined);
      }
    }
  }

  #begin(key: string, work: (signal: AbortSignal, report: (event: StepEvent) => void) => Promise<T>): Flight<T> {
    const abort = new AbortController();
    const listeners = new Set<(event: StepEvent) => void>();
    const past: StepEvent[] = [];
    const report = (event: StepEvent): void => {
      past.push(event);
      if (event.type === "output") flight.replayBytes += event.bytes.length;
      while (flight.replayBytes > MAX_REPLAY) forgetOldest(flight);
      for (const listener of listeners) listener(event);
    };
    // Begins in a later turn, when the first caller listens.
    const result = Promise.resolve().then(() => work(abort.signal, report));
    result.catch(() => undefined);
    const flight: Flight<T> = { result, listeners, past, abort, replayBytes: 0, participants: 0 };
    this.#flights.set(key, flight);
    void result
      .catch(() => undefined)
      .finally(() => {
        if (this.#flights.get(key) === flight) this.#flights.delete(key);
      });
    return flight;
  }
}

function forgetOldest<T>(flight: Flight<T>): void {
  const at = flight.past.findIndex(({ type }) => type === "output");
  const [gone] = flight.past.splice(at, 1);
  if (gone?.type === "output") flight.replayBytes -= gone.bytes.length;
}
