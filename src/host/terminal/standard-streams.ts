import { BerthError } from "#base/errors.ts";
import { nodeFs } from "./node-fs.ts";
import type * as Termios from "./termios.ts";

/**
 * The process's own stdin, stdout and stderr by descriptor. `process.stdin` and `process.stdout` are left alone: they
 * load Node's streams, which costs a short command more than its work.
 */
const READ_BYTES = 64 * 1024;
const RETRY_MS = 2;
/** What goes out without {@link nodeFs}: all that a short command says. */
const EARLY_BYTES = 16 * 1024;
/** PIPE_BUF of pipe(7): a pipe takes a piece whole or not at all. */
const PIECE_BYTES = 4096;

export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

/** The addon behind it is loaded by who changes a terminal's settings. */
function termios(): typeof Termios {
  return require("./termios.ts") as typeof Termios;
}

export class StandardInput {
  readonly #fd: number;

  constructor(fd = 0) {
    this.#fd = fd;
  }

  isTerminal(): boolean {
    return isTerminal(this.#fd);
  }

  /** The next bytes, `undefined` at end of file. A read in progress does not keep `process.exit` from working. */
  async read(): Promise<Uint8Array | undefined> {
    for (;;) {
      const buffer = new Uint8Array(READ_BYTES);
      const count = await new Promise<number | NodeJS.ErrnoException>((resolve) => {
        nodeFs().read(this.#fd, buffer, 0, buffer.length, null, (error, bytes) => resolve(error ?? bytes));
      });
      if (typeof count === "number") return count === 0 ? undefined : buffer.subarray(0, count);
      if (count.code === "EAGAIN") await Bun.sleep(RETRY_MS);
      // EIO: the terminal went away. EBADF: there never was a stdin.
      else if (count.code === "EIO" || count.code === "EBADF" || count.code === "EOF") return undefined;
      else if (count.code !== "EINTR") throw new BerthError("internal", count.message, { cause: count });
    }
  }

  makeRaw(): () => void {
    return changed(this.#fd, (fd, before) => termios().setRaw(fd, before));
  }

  takeKeys(): () => void {
    return changed(this.#fd, (fd, before) => termios().setKeyByKey(fd, before));
  }

  hideEcho(): () => void {
    return changed(this.#fd, (fd, before) => termios().setSilent(fd, before));
  }
}

export class StandardOutput {
  readonly #fd: number;
  /** Bytes that may still go out early; undefined before the first. */
  #early: number | undefined;
  /** The end of what the kernel did not take at once. */
  #behind: Promise<void> | undefined;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /**
   * Blocks until the kernel took everything: the reader's pace is ours. `cancelled` when the reader is gone. Where somebody
   * has made the descriptor non-blocking and its first bytes find no room, they and what follows wait for {@link written}.
   */
  write(data: string | Uint8Array): void {
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
    let offset = 0;
    while (offset < bytes.length && this.#behind === undefined && this.#goesEarly())
      offset += this.#writeEarly(bytes.subarray(offset, offset + PIECE_BYTES));
    if (this.#behind === undefined) this.#writeBlocking(bytes.subarray(offset));
    else this.#keep(bytes.slice(offset));
  }

  /** Resolves when nothing waits any more: before the process ends. `cancelled` when the reader is gone. */
  async written(): Promise<void> {
    await this.#behind;
  }

  /** Not into a file, where Bun.write begins at its start, nor to a terminal, which may take a part. */
  #goesEarly(): boolean {
    this.#early ??= Bun.file(this.#fd).size === Infinity && !isTerminal(this.#fd) ? EARLY_BYTES : 0;
    return this.#early > 0;
  }

  #writeEarly(piece: Uint8Array): number {
    const writing = Bun.write(Bun.file(this.#fd), piece);
    const state = Bun.peek.status(writing);
    this.#early = (this.#early ?? 0) - piece.length;
    if (state === "fulfilled") return piece.length;
    const told = writing.then(() => undefined, refuse);
    told.catch(() => undefined);
    if (state === "rejected") refuse(Bun.peek(writing));
    this.#behind = told;
    return piece.length;
  }

  #keep(bytes: Uint8Array): void {
    this.#behind = this.#behind?.then(() => this.#writeBlocking(bytes));
    this.#behind?.catch(() => undefined);
  }

  #writeBlocking(bytes: Uint8Array): void {
    let offset = 0;
    while (offset < bytes.length) {
      try {
        offset += nodeFs().writeSync(this.#fd, bytes, offset, bytes.length - offset);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === "EAGAIN") Bun.sleepSync(RETRY_MS);
        else if (code !== "EINTR") refuse(error);
      }
    }
  }

  isTerminal(): boolean {
    return isTerminal(this.#fd);
  }

  windowSize(): TerminalSize | undefined {
    if (!isTerminal(this.#fd)) return undefined;
    const size: [number, number] = [0, 0];
    return new (ttyWrap().TTY)(this.#fd).getWindowSize(size) ? { columns: size[0], rows: size[1] } : undefined;
  }
}

function refuse(error: unknown): never {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "EPIPE" || code === "EBADF" || code === "EIO")
    throw new BerthError("cancelled", "write: broken pipe", { cause: error, details: { code } });
  throw error;
}

function isTerminal(fd: number): boolean {
  return ttyWrap().isTTY(fd);
}

/** What Node and Bun have below `node:tty`; that itself and the addon behind termios.ts take longer to load than a short command works. */
interface TtyWrap {
  /** False also for what is not open. */
  isTTY(fd: number): boolean;
  readonly TTY: new (fd: number) => {
    /** Columns and rows; false when the terminal does not tell. */
    getWindowSize(size: [number, number]): boolean;
  };
}

function ttyWrap(): TtyWrap {
  return (process as unknown as { binding(name: "tty_wrap"): TtyWrap }).binding("tty_wrap");
}

function changed(fd: number, change: (fd: number, before: Uint8Array) => void): () => void {
  const before = isTerminal(fd) ? termios().terminalSettings(fd) : undefined;
  if (before === undefined) return () => {};
  change(fd, before);
  let done = false;
  return () => {
    if (done) return;
    done = true;
    termios().restore(fd, before);
  };
}
