import { apiError } from "#client/api-error.ts";
import { decimalSize } from "#base/units.ts";
import type { JsonMessage } from "#spec/docker/json-message.ts";
import type { CliOutput } from "../cli-io.ts";

const BAR_CELLS = 50;
/** Beside the bar: an id, a state and two sizes. */
const OTHER_CELLS = 55;
/** A shorter one says less than the numbers do. */
const LEAST_CELLS = 10;

/**
 * Shows a progress stream as docker does: on a terminal one line a layer, rewritten in place; elsewhere each change of
 * state as a line, without bars. A message that carries an error ends it with that error. `onAux` gets payloads.
 */
export async function showProgress(
  messages: AsyncIterable<JsonMessage>,
  output: CliOutput | undefined,
  onAux?: (aux: unknown) => void,
): Promise<void> {
  const screen = output?.isTerminal() === true ? new ProgressScreen(output) : undefined;
  for await (const message of messages) {
    const failure = message.errorDetail?.message ?? message.error;
    if (failure !== undefined) throw streamError(failure, message.errorDetail?.code);
    if (message.aux !== undefined) {
      onAux?.(message.aux);
      continue;
    }
    if (output === undefined) continue;
    if (screen !== undefined) screen.show(message);
    else if (!isBar(message)) output.write(plainLine(message));
  }
}

/** A failure told inside the stream is shown without "Error response from daemon". */
function streamError(message: string, code: number | undefined): Error {
  if (code === 401) return apiError(401, "authentication is required");
  return new Error(message);
}

function isBar({ progressDetail, progress }: JsonMessage): boolean {
  const moving = progressDetail !== undefined && ((progressDetail.current ?? 0) > 0 || (progressDetail.total ?? 0) > 0);
  return moving || (progress !== undefined && progress !== "");
}

function plainLine(message: JsonMessage): string {
  if (message.stream !== undefined) return message.stream;
  const id = message.id === undefined || message.id === "" ? "" : `${message.id}: `;
  return `${id}${message.status ?? ""}\n`;
}

/** Lines that belong to ids stay where they first appeared; the cursor rests below them. */
class ProgressScreen {
  readonly #output: CliOutput;
  readonly #lineOf = new Map<string, number>();
  /** What those lines show. */
  #drawn: string[] = [];

  constructor(output: CliOutput) {
    this.#output = output;
  }

  show(message: JsonMessage): void {
    const { id, status = "" } = message;
    if (message.stream !== undefined || id === undefined || id === "" || !isLayerState(message)) {
      this.#output.write(plainLine(message));
      this.#lineOf.clear();
      this.#drawn = [];
      return;
    }
    const { columns = 80, rows = 24 } = this.#output.windowSize() ?? {};
    this.#mend(columns, rows);
    let line = this.#lineOf.get(id);
    if (line === undefined) {
      line = this.#lineOf.size;
      this.#lineOf.set(id, line);
      this.#drawn.push("");
      this.#output.write("\n");
    }
    const up = this.#lineOf.size - line;
    // What has left the window cannot be drawn over, and what is wider than it would push the others down.
    if (rows > 0 && up >= rows) return;
    const whole = `${id}: ${status} ${progressBar(message, columns)}`;
    const text = columns > 0 ? whole.slice(0, columns) : whole;
    this.#drawn[line] = text;
    this.#output.write(`\x1b[${String(up)}A\x1b[2K\r${text}\r\x1b[${String(up)}B`);
  }

  /** Draws all lines anew when a window that became narrower has broken some of them in two. */
  #mend(columns: number, rows: number): void {
    if (columns <= 0 || rows <= 1) return;
    const height = this.#drawn.reduce((sum, text) => sum + Math.max(1, Math.ceil(text.length / columns)), 0);
    if (height === this.#drawn.length) return;
    this.#drawn = this.#drawn.map((text) => text.slice(0, columns));
    const lines = this.#drawn.slice(1 - rows).map((text) => `${text}\n`);
    this.#output.write(`\x1b[${String(Math.min(height, rows - 1))}A\r\x1b[J${lines.join("")}`);
  }
}

/** Only messages with a detail (empty ones too) move the cursor; `latest: Pulling from …` is a line like others. */
function isLayerState(message: JsonMessage): boolean {
  return message.progressDetail !== undefined;
}

/** `[====>      ]  1.2MB/3.4MB`, as wide as the window allows. */
function progressBar({ progressDetail }: JsonMessage, columns: number): string {
  const current = progressDetail?.current ?? 0;
  const total = progressDetail?.total ?? 0;
  if (current <= 0 && total <= 0) return "";
  if (total <= 0) return decimalSize(current).padStart(8);
  const cells = columns > 110 ? BAR_CELLS : Math.min(BAR_CELLS, columns - OTHER_CELLS);
  const share = Math.min(cells, Math.trunc((current / total) * cells));
  const bar = cells < LEAST_CELLS ? "" : `[${"=".repeat(share)}>${" ".repeat(cells - share)}] `;
  const numbers = `${decimalSize(current).padStart(8)}/${decimalSize(total)}`;
  return current > total ? `${bar}${decimalSize(current).padStart(8)}` : `${bar}${numbers}`;
}
