import type { OnProgress } from "../shared-work.ts";

const MIN_INTERVAL_MS = 100;

/**
 * Docker's progress lines of one layer, pulled or pushed. Counters are told at most ten times a second; a state is told at once, when it
 * is not the one that stands. While bytes still come in, unpacking beside it is not shown.
 */
export class ThrottledProgress {
  readonly #id: string;
  readonly #total: number;
  readonly #emit: OnProgress;
  #lastAt = 0;
  #status = "";
  #downloading = false;

  constructor(id: string, totalBytes: number, emit: OnProgress) {
    this.#id = id;
    this.#total = totalBytes;
    this.#emit = emit;
  }

  state(status: string): void {
    this.#downloading = status === "Verifying Checksum" || status === "Waiting" || status.startsWith("Retrying");
    if (status === this.#status) return;
    this.#status = status;
    this.#emit({ status, progressDetail: {}, id: this.#id });
  }

  downloading(current: number): void {
    this.#downloading = true;
    this.#count("Downloading", current);
  }

  pushing(current: number): void {
    this.#count("Pushing", Math.min(current, this.#total));
  }

  extracting(current: number): void {
    if (!this.#downloading) this.#count("Extracting", Math.min(current, this.#total));
  }

  #count(status: string, current: number): void {
    const now = performance.now();
    if (status === this.#status && now - this.#lastAt < MIN_INTERVAL_MS && current < this.#total) return;
    this.#lastAt = now;
    this.#status = status;
    this.#emit({ status, progressDetail: { current, total: this.#total }, id: this.#id });
  }
}
