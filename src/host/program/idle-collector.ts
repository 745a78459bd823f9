import { readTextFile } from "../files/files.ts";
import { addon } from "../kernel/addon.ts";

const IDLE_MS = 1_000;
/** From then on to the rest in which the program's pages are given up: the request that ends it takes a millisecond more. */
const REST_MS = 1_500;
/** What the process may grow by before a collection is worth its ten milliseconds on every processor. */
const GROWN_BYTES = 4 << 20;
/** What a collection leaves after much work, beyond what the process held at rest. */
const SWOLLEN_BYTES = 24 << 20;

/** The process's memory; tests have their own. */
export interface ProcessMemory {
  /** What it holds now of its own, bytes: not the pages of its program's file. */
  held(): number;
  collect(): void;
  /** Collect, and give up what can be made again: all compiled code. */
  shrink(): void;
  /** Give up the pages of the program's file: each comes back when it is used again. */
  releaseProgram(): void;
}

const own: ProcessMemory = {
  held: ownBytes,
  collect: () => Bun.gc(true),
  shrink: () => Bun.shrink(),
  releaseProgram: () => void addon().releaseProgram(),
};

/** proc_pid_status(5) */
function ownBytes(): number {
  const [, kib] = /^RssAnon:\s+(\d+) kB$/m.exec(readTextFile("/proc/self/status", 1 << 16)) ?? [];
  return Number(kib) * 1024;
}

/**
 * Gives memory back when there is nothing to do: a busy process keeps its heap's high-water mark, 10 MB and more, until
 * the next collection, which an idle one never reaches by itself. Compiled code is given up after much work alone: it is
 * 5 MB, and the request that follows takes three times as long. Who rests for longer gives up the pages of the program, 30 MB.
 */
export class IdleCollector {
  readonly #alsoWhenIdle: () => void;
  readonly #memory: ProcessMemory;
  readonly #idleMs: number;
  readonly #restMs: number;
  #collectedTo = 0;
  /** The least that was ever seen. */
  #rest: number;
  #timer: Timer | undefined;
  #touchedAtMs = 0;
  #isWaiting = false;

  /** `alsoWhenIdle`: other work that may keep the process busy for some milliseconds. */
  constructor(alsoWhenIdle: () => void, memory: ProcessMemory = own, idleMs = IDLE_MS, restMs = REST_MS) {
    this.#alsoWhenIdle = alsoWhenIdle;
    this.#memory = memory;
    this.#rest = memory.held();
    this.#idleMs = idleMs;
    this.#restMs = restMs;
  }

  /** Something happened; collect when nothing more has for a while, if there is something to collect. */
  touch(): void {
    this.#touchedAtMs = performance.now();
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    this.#untilIdle(this.#idleMs);
  }

  /** One timer for many touches: a new one for each would cost every request more than it takes to read it. */
  #untilIdle(milliseconds: number): void {
    this.#after(milliseconds, () => {
      const left = this.#touchedAtMs + this.#idleMs - performance.now();
      if (left > 0) return this.#untilIdle(left);
      this.#isWaiting = false;
      this.#alsoWhenIdle();
      this.#collect();
      this.#after(this.#restMs, () => this.#memory.releaseProgram());
    });
  }

  #after(milliseconds: number, work: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(work, milliseconds);
    this.#timer.unref();
  }

  #collect(): void {
    const held = this.#memory.held();
    this.#collectedTo = Math.min(this.#collectedTo, held);
    if (held - this.#collectedTo < GROWN_BYTES) return;
    this.#memory.collect();
    if (this.#memory.held() - this.#rest > SWOLLEN_BYTES) this.#memory.shrink();
    this.#collectedTo = this.#memory.held();
    this.#rest = Math.min(this.#rest, this.#collectedTo);
  }
}
