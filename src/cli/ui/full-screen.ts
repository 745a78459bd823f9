import type { CliIo } from "../cli-io.ts";
import { difference, paint, type Picture, type Size } from "./screen.ts";

const ESC = "\u001b[";
/** The other screen, no cursor, no wrapping at the last column (xterm's private modes 1049, 25 and 7). */
const ENTER = `${ESC}?1049h${ESC}?25l${ESC}?7l`;
const LEAVE = `${ESC}0m${ESC}?7h${ESC}?25h${ESC}?1049l`;
const USUAL_SIZE: Size = { rows: 24, columns: 80 };

/** A terminal that is taken over whole. Between `enter` and `leave` it is raw and shows pictures. */
export class FullScreen {
  readonly #io: Pick<CliIo, "stdin" | "stdout" | "onExit">;
  readonly #colour: boolean;
  #leave: (() => void) | undefined;
  #shown: readonly string[] | undefined;

  constructor(io: Pick<CliIo, "stdin" | "stdout" | "onExit">, options: { readonly colour: boolean }) {
    this.#io = io;
    this.#colour = options.colour;
  }

  get size(): Size {
    const size = this.#io.stdout.windowSize();
    return size === undefined || size.rows === 0 || size.columns === 0 ? USUAL_SIZE : size;
  }

  get isEntered(): boolean {
    return this.#leave !== undefined;
  }

  enter(): void {
    if (this.#leave !== undefined) return;
    const makeCooked = this.#io.stdin.makeRaw();
    const leave = (): void => {
      try {
        this.#io.stdout.write(LEAVE);
      } catch {
        // Nobody sees it any more.
      }
      makeCooked();
    };
    const forget = this.#io.onExit(leave);
    this.#leave = () => {
      forget();
      leave();
    };
    this.#shown = undefined;
    this.#io.stdout.write(ENTER);
  }

  /** Back to what was there before. May be called twice. */
  leave(): void {
    const leave = this.#leave;
    this.#leave = undefined;
    leave?.();
  }

  /** Only what changed since the last picture is written; nothing while the terminal is not ours. */
  show(picture: Picture): void {
    if (this.#leave === undefined) return;
    const { size } = this;
    const lines = paint(picture, size, this.#colour);
    const text = difference(this.#shown, lines);
    this.#shown = lines;
    if (text !== "") this.#io.stdout.write(text);
  }

  /** The next picture is drawn whole: the terminal has another size, or others wrote on it. */
  forget(): void {
    this.#shown = undefined;
  }
}
