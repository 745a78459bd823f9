import type { CliIo } from "#cli/cli-io.ts";
import { clip } from "#cli/ui/letters.ts";

export interface MenuEntry {
  readonly key: string;
  /** What the key does now. */
  readonly text: () => string;
  readonly press: () => void;
}

type MenuIo = Pick<CliIo, "stdin" | "stdout" | "onSignal" | "onExit" | "suspend" | "sleep" | "readFile">;

/** Output that follows itself at once is not interrupted by the menu. */
const quietMs = 40;
const clearLine = "\r\u001b[K";

/**
 * A line of keys below what is printed, on a terminal. Whoever prints calls `giveWay` first: the line goes away, and comes
 * back below. Keys are heard between `open` and `close`; ctrl-C and ctrl-Z do what they always do.
 */
export class KeyMenu {
  readonly #io: MenuIo;
  readonly #colour: boolean;
  readonly #entries: readonly MenuEntry[];
  #leave: (() => void) | undefined;
  #isShown = false;
  #isDue = false;
  #hidden = 0;
  #isListening = false;

  constructor(io: MenuIo, options: { readonly colour: boolean; readonly entries: readonly MenuEntry[] }) {
    this.#io = io;
    this.#colour = options.colour;
    this.#entries = options.entries;
  }

  open(): void {
    if (this.#leave !== undefined) return;
    const putBack = this.#io.stdin.takeKeys();
    const forget = [
      this.#io.onExit(() => putBack()),
      this.#io.onSignal("SIGWINCH", () => this.#draw()),
      this.#io.onSignal("SIGTSTP", () => this.#suspend()),
    ];
    this.#leave = () => {
      for (const each of forget) each();
      putBack();
    };
    this.#draw();
    if (!this.#isListening) void this.#listen();
  }

  /** The terminal is as it was. May be called twice. */
  close(): void {
    this.giveWay();
    this.#leave?.();
    this.#leave = undefined;
  }

  /** Something is about to be printed. */
  giveWay(): void {
    if (this.#isShown) {
      this.#isShown = false;
      this.#io.stdout.write(clearLine);
    }
    if (this.#leave !== undefined) void this.#drawSoon();
  }

  /** Something that draws by itself has the terminal meanwhile. */
  async aside<T>(work: () => Promise<T>): Promise<T> {
    this.#hidden++;
    this.giveWay();
    try {
      return await work();
    } finally {
      this.#hidden--;
      this.#draw();
    }
  }

  async #drawSoon(): Promise<void> {
    if (this.#isDue) return;
    this.#isDue = true;
    await this.#io.sleep(quietMs);
    this.#isDue = false;
    if (!this.#isShown) this.#draw();
  }

  #draw(): void {
    if (this.#leave === undefined || this.#hidden > 0) return;
    const columns = this.#io.stdout.windowSize()?.columns || 80;
    const plain = this.#entries.map(({ key, text }) => `${key} ${text()}`).join("   ");
    const coloured = this.#entries.map(({ key, text }) => `\u001b[1;36m${key}\u001b[0m ${text()}`).join("   ");
    // A line that is as wide as the terminal would wrap when it gets narrower.
    const isWhole = plain.length < columns;
    const shown = isWhole && this.#colour ? coloured : clip(plain, Math.max(0, columns - 1));
    this.#io.stdout.write(`${clearLine}${shown}`);
    this.#isShown = true;
  }

  async #listen(): Promise<void> {
    this.#isListening = true;
    const decoder = new TextDecoder();
    for (;;) {
      const chunk = await this.#io.stdin.read();
      if (chunk === undefined || this.#leave === undefined) break;
      for (const typed of decoder.decode(chunk, { stream: true }))
        this.#entries.find(({ key }) => key === typed)?.press();
      if (this.#isShown) this.#draw();
    }
    this.#isListening = false;
  }

  #suspend(): void {
    this.close();
    this.#io.suspend();
    if (isInForeground(this.#io)) this.open();
  }
}

/** False for a program that a shell runs beside itself: it must not touch the terminal. */
export function isInForeground(io: Pick<CliIo, "readFile">): boolean {
  // pid (name) state ppid pgrp session tty_nr tpgid, proc_pid_stat(5); the name may hold anything.
  const text = io.readFile("/proc/self/stat");
  if (text === undefined) return true;
  const [, , group, , , foreground] = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return group === foreground;
}
