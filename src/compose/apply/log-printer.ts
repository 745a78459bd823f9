import type { CliIo } from "#cli/cli-io.ts";
import { Demultiplexer } from "#spec/docker/stdcopy.ts";

export interface LogPrinterOptions {
  readonly prefix: boolean;
  readonly colour: boolean;
  /** Called before anything is printed. */
  readonly beforeLine?: () => void;
  /** In front of every line, where the person wants to see it. */
  readonly time?: () => string;
}

const palette = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94];
const decoder = (): TextDecoder => new TextDecoder("utf-8");

/** Prints the lines of several containers in turn, each behind its container's name. Lines are never cut in two. */
export class LogPrinter {
  readonly #io: CliIo;
  readonly #options: LogPrinterOptions;
  readonly #colours = new Map<string, number>();
  #width = 0;

  constructor(io: CliIo, options: LogPrinterOptions) {
    this.#io = io;
    this.#options = options;
  }

  /** Names that may come: the prefixes are as wide as the longest. */
  expect(names: readonly string[]): void {
    this.#width = Math.max(this.#width, ...names.map((name) => name.length));
  }

  /** A writer of one container's output. `tty`: it is one raw stream. `shown`: what is printed of a line, when not all. */
  sink(
    name: string,
    tty: boolean,
    shown = (line: string): string => line,
  ): { push(chunk: Uint8Array): void; end(): void } {
    this.expect([name]);
    const out = new LineSplitter((line) => this.#print(this.#io.stdout, name, shown(line)));
    const err = new LineSplitter((line) => this.#print(this.#io.stderr, name, shown(line)));
    const frames = tty ? undefined : new Demultiplexer();
    return {
      push(chunk) {
        if (frames === undefined) out.push(chunk);
        else frames.push(chunk, (stream, bytes) => (stream === "stderr" ? err : out).push(bytes));
      },
      end() {
        out.end();
        err.end();
      },
    };
  }

  /** A line of the tool itself about a container. */
  say(name: string, sentence: string): void {
    this.#options.beforeLine?.();
    const line = `${name} ${sentence}`;
    this.#io.stdout.write(`${this.#options.colour ? `\u001b[${this.#colourOf(name)}m${line}\u001b[0m` : line}\n`);
  }

  /** A line of the tool itself about all of them. */
  tell(sentence: string): void {
    this.#options.beforeLine?.();
    const mark = `${" ".repeat(this.#width)} ⦿ `;
    this.#io.stdout.write(`${this.#options.colour ? `\u001b[92m${mark}\u001b[0m` : mark}${sentence}\n`);
  }

  #print(output: CliIo["stdout"], name: string, line: string): void {
    const { prefix, time, beforeLine } = this.#options;
    beforeLine?.();
    output.write(`${prefix ? this.#mark(name) : ""}${time === undefined ? "" : `${time()} `}${line}\n`);
  }

  #mark(name: string): string {
    const text = `${name.padEnd(this.#width)}  | `;
    return this.#options.colour ? `\u001b[${this.#colourOf(name)}m${text}\u001b[0m` : text;
  }

  /** In the order in which they come. */
  #colourOf(name: string): number {
    const colour = this.#colours.get(name) ?? palette[this.#colours.size % palette.length] ?? 0;
    this.#colours.set(name, colour);
    return colour;
  }
}

/** Bytes become lines; what has no end yet waits. */
class LineSplitter {
  readonly #line: (text: string) => void;
  readonly #decoder = decoder();
  #rest = "";

  constructor(line: (text: string) => void) {
    this.#line = line;
  }

  push(bytes: Uint8Array): void {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#line(line.replace(/\r$/u, ""));
  }

  end(): void {
    if (this.#rest !== "") this.#line(this.#rest);
    this.#rest = "";
  }
}
