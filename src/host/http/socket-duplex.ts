import { BerthError, messageOf } from "#base/errors.ts";
import type { DuplexWatcher, WatchedDuplex } from "./duplex.ts";
import { ReadQueue } from "./read-queue.ts";

const encoder = new TextEncoder();

/** What tells the streams of `of` what happens to their sockets. */
export function socketHandlers<Data>(of: (socket: Bun.Socket<Data>) => SocketDuplex): Bun.SocketHandler<Data> {
  return {
    binaryType: "uint8array", // a Buffer costs a short command more than all it reads
    data: (socket, data) => of(socket).onData(data),
    drain: (socket) => of(socket).onDrain(),
    end: (socket) => of(socket).onEnd(),
    close: (socket) => of(socket).onClose(),
    error: (socket, error) => of(socket).onError(error),
  };
}

export function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : "UNKNOWN";
}

type RuntimeSocket = Pick<Bun.Socket, "pause" | "resume" | "write" | "shutdown" | "close" | "terminate">;

/** One of the runtime's sockets. */
export class SocketDuplex implements WatchedDuplex {
  #socket: RuntimeSocket | undefined;
  #ended = false;
  #closed = false;
  /** Settles when what waits for room has been written; undefined when nothing waits. */
  #writing: Promise<void> | undefined;
  #drained: (() => void) | undefined;
  #watcher: DuplexWatcher | undefined;
  readonly #incoming = new ReadQueue({
    pause: () => this.#socket?.pause(),
    resume: () => this.#socket?.resume(),
  });

  open(socket: RuntimeSocket): void {
    this.#socket = socket;
  }

  onData(data: Uint8Array): void {
    this.#incoming.push(data);
  }

  onEnd(): void {
    this.#incoming.end();
    this.#watcher?.onEnd();
  }

  onClose(): void {
    this.#closed = true;
    this.#incoming.end();
    this.#drained?.();
    this.#watcher?.onGone();
  }

  onError(error: unknown): void {
    this.#closed = true;
    this.#incoming.fail(
      new BerthError("unavailable", messageOf(error), { cause: error, details: { code: codeOf(error) } }),
    );
    this.#drained?.();
    this.#watcher?.onGone();
  }

  watch(watcher: DuplexWatcher): void {
    this.#watcher = watcher;
  }

  onDrain(): void {
    this.#drained?.();
  }

  read(): Promise<Uint8Array | undefined> {
    return this.#incoming.pull();
  }

  async write(data: Uint8Array | string): Promise<void> {
    const bytes = typeof data === "string" ? encoder.encode(data) : data;
    if (this.#writing !== undefined) return this.#writeLater(this.#writing, bytes, 0);
    const wrote = this.#writeSome(bytes, 0);
    if (wrote < bytes.length) await this.#writeLater(this.#untilDrained(), bytes, wrote);
  }

  /** How many bytes from `offset` on the kernel had room for. */
  #writeSome(bytes: Uint8Array, offset: number): number {
    if (offset === bytes.length) return 0;
    if (this.#closed || this.#ended || this.#socket === undefined) throw brokenPipe();
    const wrote = this.#socket.write(bytes, offset, bytes.length - offset);
    if (wrote < 0) throw brokenPipe();
    return wrote;
  }

  #writeLater(before: Promise<void>, bytes: Uint8Array, from: number): Promise<void> {
    const written = before.then(async () => {
      for (let offset = from; ; await this.#untilDrained()) {
        offset += this.#writeSome(bytes, offset);
        if (offset === bytes.length) return;
      }
    });
    const writing = written
      .catch(() => undefined)
      .then(() => {
        if (this.#writing === writing) this.#writing = undefined;
      });
    this.#writing = writing;
    return written;
  }

  #untilDrained(): Promise<void> {
    return new Promise((resolve) => {
      this.#drained = () => {
        this.#drained = undefined;
        resolve();
      };
    });
  }

  async endWrite(): Promise<void> {
    await this.#writing;
    if (this.#ended || this.#closed) return;
    this.#ended = true;
    this.#socket?.shutdown();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#incoming.end();
    this.#drained?.();
    // A reset takes back what is on its way: a TLS client that has said all, and reads on, would lose the end of it.
    if (this.#ended) this.#socket?.close();
    else this.#socket?.terminate();
  }
}

function brokenPipe(): BerthError {
  return new BerthError("unavailable", "write: broken pipe", { details: { code: "EPIPE" } });
}
