import { decimalSize } from "#base/units.ts";
import type { CliOutput } from "../cli-io.ts";

const UPDATE_MS = 75;
const SAVE = "\x1b[s";
const RESTORE = "\x1b[u";
const ERASE_LINE = "\x1b[2K";
const HIDE = "\x1b[?25l";
const SHOW = "\x1b[?25h";

/** Counts a copy's bytes in one line of a terminal; nothing is drawn elsewhere, nor for a copy that is done at once. */
export class CopyProgress {
  readonly #output: CliOutput;
  readonly #header: string;
  #bytes = 0;
  #drawn = false;
  #nextAt: number;

  /** `header`: `Copying to container - `. `now` in milliseconds. */
  constructor(output: CliOutput, header: string, now: number) {
    this.#output = output;
    this.#header = header;
    this.#nextAt = output.isTerminal() ? now + UPDATE_MS : Infinity;
  }

  /** What went through so far. */
  get size(): string {
    return decimalSize(this.#bytes, 3);
  }

  /** More bytes went through. */
  add(bytes: number, now: number): void {
    this.#bytes += bytes;
    if (now < this.#nextAt) return;
    this.#nextAt = now + UPDATE_MS;
    this.#output.write(`${this.#drawn ? RESTORE : `${SAVE}${HIDE}`}${ERASE_LINE}${this.#header}${this.size}`);
    this.#drawn = true;
  }

  /** The same bytes, counted as they go through. */
  async *counted(bytes: AsyncIterable<Uint8Array>, clock: { now(): number }): AsyncGenerator<Uint8Array> {
    for await (const chunk of bytes) {
      this.add(chunk.length, clock.now());
      yield chunk;
    }
  }

  /** Take the line away. Call in every case. */
  end(): void {
    if (this.#drawn) this.#output.write(`${RESTORE}${ERASE_LINE}${SHOW}`);
    this.#drawn = false;
    this.#nextAt = Infinity;
  }
}
