import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "./background.ts";
import { eventually, mustRun } from "./command.ts";

/**
 * A program in the foreground of a terminal of its own, made by script(1): its keys are signals, as at a person's terminal.
 * `dir` takes a file of its.
 */
export class ControllingTerminal {
  readonly #child: Bun.Subprocess<"pipe", "pipe", "inherit">;
  readonly #ttyFile: string;
  readonly #read: Promise<void>;
  #output = "";

  constructor(
    argv: readonly string[],
    env: Environment,
    { dir, rows = 24, columns = 80 }: { readonly dir: string; readonly rows?: number; readonly columns?: number },
  ) {
    this.#ttyFile = join(dir, `tty-${crypto.randomUUID().slice(0, 8)}`);
    const line = `tty >${this.#ttyFile}; stty rows ${rows} cols ${columns}; exec ${argv.map(quoted).join(" ")}`;
    this.#child = Bun.spawn(["script", "-qec", line, "/dev/null"], {
      env: { ...process.env, TERM: "xterm-256color", ...env },
      stdin: "pipe",
      stdout: "pipe",
      stderr: "inherit",
    });
    this.#read = this.#readAll();
  }

  async #readAll(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of this.#child.stdout) this.#output += decoder.decode(chunk, { stream: true });
  }

  /** Everything that was written to it. */
  get output(): string {
    return this.#output;
  }

  type(text: string): void {
    void this.#child.stdin.write(text);
    void this.#child.stdin.flush();
  }

  async resize(rows: number, columns: number): Promise<void> {
    const tty = readFileSync(this.#ttyFile, "utf8").trim();
    await mustRun(["stty", "-F", tty, "rows", String(rows), "cols", String(columns)]);
  }

  /** Waits until what was written after `from` matches. */
  async waitFor(pattern: RegExp, from = 0): Promise<void> {
    try {
      await eventually(`${pattern}`, () => (pattern.test(this.#output.slice(from)) ? true : undefined));
    } catch (error) {
      throw new Error(`${String(error)}; written so far: ${JSON.stringify(this.#output.slice(-4000))}`, {
        cause: error,
      });
    }
  }

  /** Exit code of the program. */
  async end(): Promise<number> {
    const code = await this.#child.exited;
    await this.#read;
    return code;
  }

  /** Call in every case. */
  async close(): Promise<void> {
    this.#child.kill();
    await this.#child.exited;
    await this.#read;
  }
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
