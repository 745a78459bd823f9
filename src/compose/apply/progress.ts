import { Limit } from "#base/async.ts";
import type { CliIo } from "#cli/cli-io.ts";

/** How far something has come; `working` goes on. */
export type ProgressState = "working" | "done" | "warning" | "error";

/** Tells the person what happens: `Container shop-web-1`, `Created`. */
export interface Progress {
  report(id: string, status: string, state?: ProgressState): void;
  /** Something else is about to be printed: what is drawn stays, the next report is drawn below. */
  giveWay(): void;
  /** Something that prints by itself has the terminal meanwhile, one at a time. */
  lend<T>(work: () => Promise<T>): Promise<T>;
  /** The block of lines is complete; what follows is printed below. */
  close(): void;
}

export type ProgressMode = "auto" | "tty" | "plain" | "json" | "quiet";

/** With `dryRun` every line says that nothing is done, in docker compose's words. */
export function openProgress(
  mode: ProgressMode,
  io: CliIo,
  { title = "Running", dryRun = false }: { readonly title?: string | undefined; readonly dryRun?: boolean } = {},
): Progress {
  if (mode === "quiet") return quietProgress;
  if (mode === "json") return new JsonProgress(io, dryRun);
  const isPlain = mode === "plain" || (mode === "auto" && !io.stderr.isTerminal());
  const progress = isPlain ? new PlainProgress(io) : new TerminalProgress(io, title);
  return dryRun ? sayingDryRun(progress) : progress;
}

function sayingDryRun(progress: Progress): Progress {
  return {
    report: (id, status, state) => progress.report(`DRY-RUN MODE -  ${id}`, status, state),
    giveWay: () => progress.giveWay(),
    lend: (work) => progress.lend(work),
    close: () => progress.close(),
  };
}

export const quietProgress: Progress = {
  report: () => undefined,
  giveWay: () => undefined,
  lend: (work) => work(),
  close: () => undefined,
};

class PlainProgress implements Progress {
  readonly #io: CliIo;
  constructor(io: CliIo) {
    this.#io = io;
  }
  report(id: string, status: string): void {
    this.#io.stderr.write(` ${id}  ${status}\n`);
  }
  giveWay(): void {}
  lend<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }
  close(): void {}
}

class JsonProgress implements Progress {
  readonly #io: CliIo;
  readonly #dryRun: boolean;
  constructor(io: CliIo, dryRun: boolean) {
    this.#io = io;
    this.#dryRun = dryRun;
  }
  report(id: string, status: string, state: ProgressState = "working"): void {
    const dryRun = this.#dryRun ? { "dry-run": true } : {};
    this.#io.stderr.write(`${JSON.stringify({ ...dryRun, id, status: state, text: status })}\n`);
  }
  giveWay(): void {}
  lend<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }
  close(): void {}
}

interface Line {
  status: string;
  state: ProgressState;
  readonly beganMs: number;
  endedMs: number | undefined;
}

const REFRESH_MS = 100;
const marks: Readonly<Record<ProgressState, string>> = { working: "⠿", done: "✔", warning: "!", error: "✘" };
const colours: Readonly<Record<ProgressState, number>> = { working: 36, done: 32, warning: 33, error: 31 };

/** A block of lines drawn again at every change, and as time passes over what goes on: a mark, what, how far, for how long. */
class TerminalProgress implements Progress {
  readonly #io: CliIo;
  readonly #title: string;
  readonly #colour: boolean;
  readonly #lines = new Map<string, Line>();
  readonly #terminal = new Limit(1);
  /** Cells of every row of the last drawing. */
  #drawn: readonly number[] = [];
  #drawnAt = 0;
  #lent = false;
  #isTicking = false;

  constructor(io: CliIo, title: string) {
    this.#io = io;
    this.#title = title;
    this.#colour = !io.env["NO_COLOR"];
  }

  report(id: string, status: string, state: ProgressState = "working"): void {
    const now = this.#io.now();
    const line = this.#lines.get(id) ?? { status, state, beganMs: now, endedMs: undefined };
    line.status = status;
    line.state = state;
    line.endedMs = state === "working" ? undefined : now;
    this.#lines.set(id, line);
    this.#draw();
    if (state === "working" && !this.#isTicking) void this.#tick();
  }

  /** For as long as something goes on. What others have written below is never drawn over. */
  async #tick(): Promise<void> {
    this.#isTicking = true;
    for (;;) {
      await this.#io.sleep(REFRESH_MS);
      if (![...this.#lines.values()].some(({ state }) => state === "working")) break;
      if (this.#drawn.length > 0 && this.#io.now() - this.#drawnAt >= REFRESH_MS) this.#draw();
    }
    this.#isTicking = false;
  }

  giveWay(): void {
    this.#drawn = [];
  }

  lend<T>(work: () => Promise<T>): Promise<T> {
    return this.#terminal.run(async () => {
      this.giveWay();
      this.#lent = true;
      try {
        return await work();
      } finally {
        this.#lent = false;
        this.#draw();
      }
    });
  }

  close(): void {
    this.#drawn = [];
    this.#lines.clear();
  }

  #draw(): void {
    if (this.#lent) return;
    const size = this.#io.stderr.windowSize();
    const columns = size?.columns || 80;
    const rows = Math.max(2, (size?.rows || 24) - 1);
    const all = [...this.#lines];
    const done = all.filter(([, { state }]) => state !== "working").length;
    const width = Math.max(0, ...all.map(([id]) => id.length));
    // What does not fit is the oldest that is done.
    const shown = all.slice(-(rows - 1));
    const lines = shown.map(([id, line]) => ({ row: this.#row(id, line, width, columns), state: line.state }));
    const title = `[+] ${this.#title} ${done}/${all.length}`;
    const text = [title, ...lines.map(({ row, state }) => (this.#colour ? coloured(row, state) : row))];
    // A window that became narrower has broken rows in two.
    const height = this.#drawn.reduce((sum, cells) => sum + Math.max(1, Math.ceil(cells / columns)), 0);
    const back = height === 0 ? "" : `\u001b[${Math.min(height, rows)}A`;
    this.#io.stderr.write(`${back}${text.map((row) => `\r\u001b[K${row}\n`).join("")}\u001b[J`);
    this.#drawnAt = this.#io.now();
    this.#drawn = [title, ...lines.map(({ row }) => row)].map(({ length }) => length);
  }

  #row(id: string, { status, state, beganMs, endedMs }: Line, width: number, columns: number): string {
    const seconds = `${(((endedMs ?? this.#io.now()) - beganMs) / 1000).toFixed(1)}s`;
    const left = ` ${marks[state]} ${id.padEnd(width)}  ${status}`.slice(0, Math.max(0, columns - seconds.length - 1));
    return left.padEnd(Math.max(left.length, columns - seconds.length - 1)) + seconds;
  }
}

function coloured(row: string, state: ProgressState): string {
  return `\u001b[${colours[state]}m${row}\u001b[0m`;
}
