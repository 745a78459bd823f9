import { BerthError, messageOf } from "#base/errors.ts";
import type { Dial, Duplex } from "./duplex.ts";
import { ReadQueue } from "./read-queue.ts";

/**
 * Sockets by `Bun.connect`: in a compiled program it adds under 1 ms to the start, where `node:net` adds about 20 ms
 * and `node:http` about 40 ms (they load Node's stream classes). `allowHalfOpen` keeps the two halves apart.
 */
export interface TlsMaterial {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** False accepts any server certificate (`--tls` without `--tlsverify`). */
  readonly verify: boolean;
}

export type SocketAddress =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number; readonly tls?: TlsMaterial };

/**
 * A {@link Dial} to `address`. A refused or missing socket is an `unavailable` error whose details carry the
 * system's `code` (ENOENT, ECONNREFUSED, EACCES, …).
 */
export function dialSocket(address: SocketAddress): Dial {
  return () => connect(address);
}

async function connect(address: SocketAddress): Promise<Duplex> {
  const stream = new SocketDuplex();
  const handlers: Bun.SocketHandler<undefined> = {
    binaryType: "uint8array", // a Buffer costs a short command more than all it reads
    data: (_socket, data) => stream.onData(data),
    drain: () => stream.onDrain(),
    end: () => stream.onEnd(),
    close: () => stream.onClose(),
    error: (_socket, error) => stream.onError(error),
  };
  try {
    const socket =
      address.kind === "unix"
        ? await Bun.connect<undefined>({ unix: address.path, allowHalfOpen: true, socket: handlers })
        : await Bun.connect<undefined>({
            hostname: address.host,
            port: address.port,
            allowHalfOpen: true,
            socket: handlers,
            ...(address.tls === undefined ? {} : { tls: tlsOptions(address.host, address.tls) }),
          });
    if (address.kind === "tcp") socket.setNoDelay(true);
    stream.open(socket);
    return stream;
  } catch (error) {
    throw new BerthError("unavailable", messageOf(error), { cause: error, details: { code: codeOf(error) } });
  }
}

function tlsOptions(serverName: string, tls: TlsMaterial): Bun.TLSOptions {
  return {
    serverName,
    rejectUnauthorized: tls.verify,
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.cert === undefined ? {} : { cert: tls.cert }),
    ...(tls.key === undefined ? {} : { key: tls.key }),
  };
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : "UNKNOWN";
}

class SocketDuplex implements Duplex {
  #socket: Bun.Socket<undefined> | undefined;
  #ended = false;
  #closed = false;
  #writing: Promise<void> = Promise.resolve();
  #drained: (() => void) | undefined;
  readonly #incoming = new ReadQueue({
    pause: () => this.#socket?.pause(),
    resume: () => this.#socket?.resume(),
  });

  open(socket: Bun.Socket<undefined>): void {
    this.#socket = socket;
  }

  onData(data: Uint8Array): void {
    this.#incoming.push(data);
  }

  onEnd(): void {
    this.#incoming.end();
  }

  onClose(): void {
    this.#closed = true;
    this.#incoming.end();
    this.#drained?.();
  }

  onError(error: unknown): void {
    this.#closed = true;
    this.#incoming.fail(
      new BerthError("unavailable", messageOf(error), { cause: error, details: { code: codeOf(error) } }),
    );
    this.#drained?.();
  }

  onDrain(): void {
    this.#drained?.();
  }

  read(): Promise<Uint8Array | undefined> {
    return this.#incoming.pull();
  }

  write(data: Uint8Array | string): Promise<void> {
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
    const written = this.#writing.then(() => this.#writeNow(bytes));
    this.#writing = written.catch(() => undefined);
    return written;
  }

  async #writeNow(bytes: Uint8Array): Promise<void> {
    let offset = 0;
    while (offset < bytes.length) {
      if (this.#closed || this.#ended || this.#socket === undefined) throw brokenPipe();
      const wrote = this.#socket.write(bytes, offset, bytes.length - offset);
      if (wrote < 0) throw brokenPipe();
      offset += wrote;
      if (offset < bytes.length) await this.#untilDrained();
    }
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
    this.#socket?.terminate();
  }
}

function brokenPipe(): BerthError {
  return new BerthError("unavailable", "write: broken pipe", { details: { code: "EPIPE" } });
}
