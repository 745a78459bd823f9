const PAUSE_ABOVE_BYTES = 1 << 20;
const RESUME_BELOW_BYTES = 1 << 18;

/** The tap of whatever fills the queue: closed while a slow reader is behind. */
export interface Source {
  pause(): void;
  resume(): void;
}

/** Turns pushed chunks into pulled ones with bounded memory: above 1 MiB waiting the source is paused. */
export class ReadQueue {
  readonly #source: Source;
  #chunks: Uint8Array[] = [];
  #waitingBytes = 0;
  #paused = false;
  #outcome: { readonly error?: Error } | undefined;
  #reader: { resolve(chunk: Uint8Array | undefined): void; reject(error: Error): void } | undefined;

  constructor(source: Source) {
    this.#source = source;
  }

  push(chunk: Uint8Array): void {
    if (this.#outcome !== undefined || chunk.length === 0) return;
    const reader = this.#reader;
    if (reader !== undefined) {
      this.#reader = undefined;
      reader.resolve(chunk);
      return;
    }
    this.#chunks.push(chunk);
    this.#waitingBytes += chunk.length;
    if (!this.#paused && this.#waitingBytes > PAUSE_ABOVE_BYTES) {
      this.#paused = true;
      this.#source.pause();
    }
  }

  /** Marks the end; chunks already here are still delivered. */
  end(): void {
    this.#finish({});
  }

  /** Marks a broken stream; chunks already here are still delivered before the error. */
  fail(error: Error): void {
    this.#finish({ error });
  }

  #finish(outcome: { readonly error?: Error }): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    const reader = this.#reader;
    this.#reader = undefined;
    if (reader === undefined) return;
    if (outcome.error === undefined) reader.resolve(undefined);
    else reader.reject(outcome.error);
  }

  pull(): Promise<Uint8Array | undefined> {
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      this.#waitingBytes -= chunk.length;
      if (this.#paused && this.#waitingBytes < RESUME_BELOW_BYTES) {
        this.#paused = false;
        this.#source.resume();
      }
      return Promise.resolve(chunk);
    }
    if (this.#outcome !== undefined) {
      return this.#outcome.error === undefined ? Promise.resolve(undefined) : Promise.reject(this.#outcome.error);
    }
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
    });
  }
}
