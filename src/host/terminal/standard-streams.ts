import { BerthError } from "#base/errors.ts";
import { nodeFs } from "./node-fs.ts";
import type * as Termios from "./termios.ts";

/**
 * The process's own stdin, stdout and stderr by descriptor. `process.stdin` and `process.stdout` are left alone: they
 * load Node's streams, which costs a short command more than its work.
 */
const READ_BYTES = 64 * 1024;
const RETRY_MS = 2;

/** The addon behind it is loaded only where there may be a terminal. */
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

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Blocks until the kernel took everything: the reader's pace is ours. `cancelled` when the reader is gone. */
  write(data: string | Uint8Array): void {
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
    let offset = 0;
    while (offset < bytes.length) {
      try {
        offset += nodeFs().writeSync(this.#fd, bytes, offset, bytes.length - offset);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === "EAGAIN") Bun.sleepSync(RETRY_MS);
        else if (code === "EPIPE" || code === "EBADF" || code === "EIO")
          throw new BerthError("cancelled", "write: broken pipe", { cause: error, details: { code } });
        else if (code !== "EINTR") throw error;
      }
    }
  }

  isTerminal(): boolean {
    return isTerminal(this.#fd);
  }

  windowSize(): Termios.TerminalSize | undefined {
    return isTerminal(this.#fd) ? termios().terminalSize(this.#fd) : undefined;
  }
}

/** Neither `node:tty` nor the addon behind termios.ts: either would cost a command that is not at a terminal more than its work. */
function isTerminal(fd: number): boolean {
  return (process as unknown as { binding(name: "tty_wrap"): TtyWrap }).binding("tty_wrap").isTTY(fd);
}

/** What Node and Bun have below `node:tty`. */
interface TtyWrap {
  /** False also for what is not open. */
  isTTY(fd: number): boolean;
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
