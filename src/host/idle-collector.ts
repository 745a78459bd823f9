const IDLE_MS = 1_000;

/**
 * Gives memory back when there is nothing to do: a busy process keeps its heap's high-water mark, 10 MB and more, until
 * the next collection, which an idle one never reaches by itself. Not by `Bun.shrink()`: it frees 5 MB more, and all
 * compiled code with them, so that the request after a pause took three times as long.
 */
export class IdleCollector {
  readonly #alsoWhenIdle: () => void;
  #timer: Timer | undefined;

  /** `alsoWhenIdle`: other work that may keep the process busy for some milliseconds. */
  constructor(alsoWhenIdle: () => void) {
    this.#alsoWhenIdle = alsoWhenIdle;
  }

  /** Something happened; collect when nothing more has for a while. */
  touch(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#alsoWhenIdle();
      Bun.gc(true);
    }, IDLE_MS);
    this.#timer.unref();
  }
}
