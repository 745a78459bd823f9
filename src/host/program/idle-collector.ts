const IDLE_MS = 1_000;
/** What the process may grow by before a collection is worth its ten milliseconds on every processor. */
const GROWN_BYTES = 4 << 20;
/** What a collection leaves after much work, beyond what the process held at rest. */
const SWOLLEN_BYTES = 24 << 20;

/** The process's memory; tests have their own. */
export interface ProcessMemory {
  /** What it holds now, bytes. */
  held(): number;
  collect(): void;
  /** Collect, and give up what can be made again: all compiled code. */
  shrink(): void;
}

const own: ProcessMemory = {
  held: () => process.memoryUsage.rss(),
  collect: () => Bun.gc(true),
  shrink: () => Bun.shrink(),
};

/**
 * Gives memory back when there is nothing to do: a busy process keeps its heap's high-water mark, 10 MB and more, until
 * the next collection, which an idle one never reaches by itself. Compiled code is given up after much work alone: it is
 * 5 MB, and the request that follows takes three times as long.
 */
export class IdleCollector {
  readonly #alsoWhenIdle: () => void;
  readonly #memory: ProcessMemory;
  readonly #idleMs: number;
  #collectedTo = 0;
  /** The least that was ever seen. */
  #rest: number;
  #timer: Timer | undefined;

  /** `alsoWhenIdle`: other work that may keep the process busy for some milliseconds. */
  constructor(alsoWhenIdle: () => void, memory: ProcessMemory = own, idleMs = IDLE_MS) {
    this.#alsoWhenIdle = alsoWhenIdle;
    this.#memory = memory;
    this.#rest = memory.held();
    this.#idleMs = idleMs;
  }

  /** Something happened; collect when nothing more has for a while, if there is something to collect. */
  touch(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#alsoWhenIdle();
      const held = this.#memory.held();
      this.#collectedTo = Math.min(this.#collectedTo, held);
      if (held - this.#collectedTo < GROWN_BYTES) return;
      this.#memory.collect();
      if (this.#memory.held() - this.#rest > SWOLLEN_BYTES) this.#memory.shrink();
      this.#collectedTo = this.#memory.held();
      this.#rest = Math.min(this.#rest, this.#collectedTo);
    }, this.#idleMs);
    this.#timer.unref();
  }
}
