const IDLE_MS = 1_000;

/**
 * Gives memory back when there is nothing to do: a busy process keeps its heap's high-water mark, 10 MB and more, until
 * the next collection, which an idle one never reaches by itself.
 */
export class IdleCollector {
  #timer: Timer | undefined;

  /** Something happened; collect when nothing more has for a while. */
  touch(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      Bun.gc(true);
      Bun.shrink();
    }, IDLE_MS);
    this.#timer.unref();
  }
}
