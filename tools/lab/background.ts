import { spawn } from "node:child_process";
import { eventually, PATIENCE_MS } from "./command.ts";

/** A program that runs beside the test: its output can be waited for, its input written piece by piece. */
export interface Background {
  readonly output: () => string;
  /** Wait until the output so far matches. */
  waitFor(pattern: RegExp, timeoutMs?: number): Promise<void>;
  write(text: string): void;
  endInput(): void;
  signal(signal: NodeJS.Signals): void;
  /** Exit code; 128 + n is not computed, a signal gives -1. Rejects after `timeoutMs` and kills the program. */
  end(timeoutMs?: number): Promise<number>;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export function background(argv: readonly string[], env: Environment): Background {
  const [program, ...args] = argv;
  if (program === undefined) throw new Error("no program named");
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "pipe"] });
  let text = "";
  child.stdout.on("data", (bytes: Buffer) => (text += bytes.toString()));
  child.stderr.on("data", (bytes: Buffer) => (text += bytes.toString()));
  child.stdin.on("error", () => {});
  const ended = new Promise<number>((resolve) => child.once("close", (code) => resolve(code ?? -1)));
  child.once("error", () => {});
  return {
    output: () => text,
    waitFor: (pattern, timeoutMs) => waitForText(argv, () => text, pattern, timeoutMs),
    write: (input) => void child.stdin.write(input),
    endInput: () => child.stdin.end(),
    signal: (signal) => void child.kill(signal),
    end: (timeoutMs = PATIENCE_MS) =>
      endWithin(
        argv,
        ended,
        () => child.kill("SIGKILL"),
        () => text,
        timeoutMs,
      ),
  };
}

export interface TerminalProgram extends Omit<Background, "endInput"> {
  resize(rows: number, columns: number): void;
}

/** Like {@link background} with a pseudo-terminal for standard input, output and error. */
export function onTerminal(argv: readonly string[], env: Environment, rows = 24, cols = 80): TerminalProgram {
  let text = "";
  const terminal = new Bun.Terminal({ rows, cols, data: (_, bytes) => (text += Buffer.from(bytes).toString()) });
  const child = Bun.spawn([...argv], { env: { ...process.env, ...env, TERM: "xterm" }, terminal });
  const ended = child.exited.then((code) => {
    terminal.close();
    return code;
  });
  return {
    output: () => text,
    waitFor: (pattern, timeoutMs) => waitForText(argv, () => text, pattern, timeoutMs),
    write: (input) => void terminal.write(input),
    signal: (signal) => child.kill(signal),
    resize(toRows, toCols) {
      terminal.resize(toCols, toRows);
      // The program is not in the terminal's foreground group, so the kernel does not tell it.
      child.kill("SIGWINCH");
    },
    end: (timeoutMs = PATIENCE_MS) =>
      endWithin(
        argv,
        ended,
        () => child.kill("SIGKILL"),
        () => text,
        timeoutMs,
      ),
  };
}

async function waitForText(
  argv: readonly string[],
  text: () => string,
  pattern: RegExp,
  timeoutMs = PATIENCE_MS,
): Promise<void> {
  try {
    await eventually(`${pattern}`, () => (pattern.test(text()) ? true : undefined), timeoutMs);
  } catch (error) {
    throw new Error(`${argv.join(" ")}: ${String(error)}; printed so far:\n${text()}`, { cause: error });
  }
}

async function endWithin(
  argv: readonly string[],
  ended: Promise<number>,
  kill: () => void,
  text: () => string,
  timeoutMs: number,
): Promise<number> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      kill();
      reject(new Error(`${argv.join(" ")}: no end after ${timeoutMs} ms; printed:\n${text()}`));
    }, timeoutMs);
  });
  try {
    return await Promise.race([ended, late]);
  } finally {
    clearTimeout(timer);
  }
}
