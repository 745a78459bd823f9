import { decimalSize } from "#base/units.ts";
import type { CliOutput } from "../cli-io.ts";

const UPDATE_MS = 75;
const SAVE = "\x1b[s";
const RESTORE = "\x1b[u";
const ERASE_LINE = "\x1b[2K";
const HIDE = "\x1b[?25l";
const SHOW = "\x1b[?25h";

/** The line that counts a copy's bytes on a terminal, as docker draws it; elsewhere nothing. */
export class CopyProgress {
  readonly #output: CliOutput;
  readonly #header: string;
  readonly #shown: boolean;
  #bytes = 0;
  #last = 0;
  #nextAt = 0;

  /** `header`: `Copying to container - `. */
  constructor(output: CliOutput, header: string) {
    this.#output = output;
    this.#header = header;
    this.#shown = output.isTerminal();
    if (!this.#shown) return;
    output.write(`${SAVE}Preparing to copy...${HIDE}${RESTORE}${ERASE_LINE}${header}${decimalSize(0, 3)}`);
  }

  get size(): string {
    return decimalSize(this.#bytes, 3);
  }

  /** More bytes went through. `now` in milliseconds. */
  add(bytes: number, now: number): void {
    this.#bytes += bytes;
    if (!this.#shown || now < this.#nextAt || this.#bytes === this.#last) return;
    this.#nextAt = now + UPDATE_MS;
    this.#last = this.#bytes;
    this.#output.write(`${RESTORE}${ERASE_LINE}${this.#header}${this.size}`);
  }

  /** Take the line away. */
  end(): void {
    if (this.#shown) this.#output.write(`${SHOW}${RESTORE}${ERASE_LINE}`);
  }
}
