import type { CliIo } from "../cli-io.ts";
import { BuildPicture, type PictureLine, type Tone } from "./build-picture.ts";
import type { BuildProgress, ProgressLine, ProgressOptions } from "./progress.ts";
import { cellsOf } from "./terminal-text.ts";

const REFRESH_MS = 100;
const COLOURS: Readonly<Record<Tone, number | undefined>> = {
  head: undefined,
  plain: undefined,
  done: 34,
  failed: 31,
  canceled: 33,
  warning: 33,
};

/** A {@link BuildPicture}, drawn over itself as things happen and as time passes, in windows of any size. */
export class TerminalProgress implements BuildProgress {
  readonly #io: Pick<CliIo, "stderr" | "env" | "now" | "sleep">;
  readonly #picture: BuildPicture;
  readonly #hasColours: boolean;
  /** Cells of every line of the last drawing. */
  #drawn: readonly number[] = [];
  #drawnAt = -Infinity;
  #isClosed = false;

  /** No colours where the environment has NO_COLOR (no-color.org). */
  constructor(io: Pick<CliIo, "stderr" | "env" | "now" | "sleep">, options: ProgressOptions) {
    this.#io = io;
    this.#picture = new BuildPicture(() => io.now(), options);
    this.#hasColours = (io.env["NO_COLOR"] ?? "") === "";
    void this.#keepDrawing();
  }

  show(line: ProgressLine): void {
    this.#picture.take(line);
    // Steps begin and end seldom: those are seen at once.
    const isSeldom = line.type === "started" || line.type === "done" || line.type === "failed";
    if (isSeldom || this.#io.now() - this.#drawnAt >= REFRESH_MS) this.#draw();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#picture.end();
    this.#draw();
    const failure = this.#picture.failure();
    if (failure !== undefined) this.#io.stderr.write(failure);
  }

  async #keepDrawing(): Promise<void> {
    for (;;) {
      await this.#io.sleep(REFRESH_MS);
      if (this.#isClosed) return;
      if (this.#io.now() - this.#drawnAt >= REFRESH_MS) this.#draw();
    }
  }

  #draw(): void {
    const window = this.#io.stderr.windowSize();
    const [columns, rows] = [window?.columns || 80, window?.rows || 24];
    // Below it the cursor rests. What does not fit the window could not be drawn over again.
    const lines = this.#picture.lines({ columns, rows: this.#isClosed ? undefined : Math.max(2, rows - 1) });
    // A window that became narrower has broken lines in two.
    const height = this.#drawn.reduce((sum, cells) => sum + Math.max(1, Math.ceil(cells / columns)), 0);
    const up = Math.min(height, rows - 1);
    const back = up === 0 ? "" : `\u001b[${up}A`;
    this.#io.stderr.write(`${back}\r${lines.map((line) => `\u001b[K${this.#printed(line)}\n`).join("")}\u001b[J`);
    this.#drawn = lines.map(({ text }) => cellsOf(text));
    this.#drawnAt = this.#io.now();
  }

  #printed({ text, tone }: PictureLine): string {
    const colour = this.#hasColours ? COLOURS[tone] : undefined;
    return colour === undefined ? text : `\u001b[${colour}m${text}\u001b[0m`;
  }
}
