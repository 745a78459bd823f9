import { BerthError, messageOf } from "#base/errors.ts";

import { AF_UNIX, O_DIRECTORY, O_PATH, SOCK_STREAM } from "../kernel/linux.ts";
import { bind, close, fdPath, listen, open, socket } from "../kernel/syscalls.ts";
import { removeFile } from "../files/files.ts";
import { unixAddress } from "../sockets/unix-address.ts";

/**
 * Unix stream sockets as the shim uses them. Directories may be longer than a socket address (unix(7): 108 bytes): the
 * name goes through /proc/self/fd.
 */
export interface ShimConnection {
  /** The next bytes, undefined at the end of the other side's data. One reader at a time. */
  read(): Promise<Uint8Array | undefined>;
  /** Resolves when the kernel took the bytes; `unavailable` when the other side is gone. */
  write(bytes: Uint8Array): Promise<void>;
  /** Half-close after what was written. */
  endWrite(): void;
  close(): void;
}

/** A listening descriptor at `directory/name`, to be handed to a child. Replaces what is there. The caller closes it. */
export function listenForChild(directory: string, name: string): number {
  removeFile(`${directory}/${name}`);
  const fd = socket(AF_UNIX, SOCK_STREAM, 0);
  try {
    withShortName(directory, name, (path) => {
      bind(fd, unixAddress(path));
    });
    listen(fd, 128);
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
}

/** undefined when nobody listens there. */
export async function connectShim(directory: string, name: string): Promise<ShimConnection | undefined> {
  for (let tries = 1; ; tries++) {
    try {
      return await connectOnce(directory, name);
    } catch (error) {
      if (tries === 5) throw error;
    }
  }
}

/** Throws when the other side accepted and left before this process looked; another one may listen there by now. */
async function connectOnce(directory: string, name: string): Promise<ShimConnection | undefined> {
  const connection = new SocketConnection();
  const at = openDirectory(directory);
  if (at === undefined) return undefined;
  try {
    await Bun.connect({
      unix: `${fdPath(at)}/${name}`,
      allowHalfOpen: true,
      socket: {
        binaryType: "uint8array",
        open: (opened) => connection.onOpen(opened),
        data: (_socket, bytes) => connection.onData(bytes),
        drain: () => connection.onDrain(),
        end: () => connection.onEnd(),
        close: () => connection.onClose(),
        error: () => connection.onClose(),
      },
    });
    return connection;
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    if (code === "ENOENT" || code === "ECONNREFUSED") return undefined;
    throw new BerthError("unavailable", `${messageOf(error)} (${String(code)})`, { cause: error });
  } finally {
    close(at);
  }
}

function openDirectory(directory: string): number | undefined {
  try {
    return open(directory, O_PATH | O_DIRECTORY);
  } catch (error) {
    if (error instanceof Error && "errno" in error && error.errno === 2) return undefined;
    throw error;
  }
}

function withShortName(directory: string, name: string, work: (path: string) => void): void {
  const at = open(directory, O_PATH | O_DIRECTORY);
  try {
    work(`${fdPath(at)}/${name}`);
  } finally {
    close(at);
  }
}

/** struct sockaddr_un. */
/** Above this the socket is not read on until the reader catches up. */
const highWaterBytes = 1 << 18;

class SocketConnection implements ShimConnection {
  #socket: Bun.Socket | undefined;
  #chunks: Uint8Array[] = [];
  #queuedBytes = 0;
  #paused = false;
  #ended = false;
  #closed = false;
  #reader: ((chunk: Uint8Array | undefined) => void) | undefined;
  #drained: (() => void) | undefined;
  #writing: Promise<void> = Promise.resolve();

  onOpen(opened: Bun.Socket): void {
    this.#socket = opened;
    if (this.#closed) opened.terminate();
  }

  onData(bytes: Uint8Array): void {
    const chunk = bytes.slice();
    const reader = this.#reader;
    if (reader !== undefined) {
      this.#reader = undefined;
      reader(chunk);
      return;
    }
    this.#chunks.push(chunk);
    this.#queuedBytes += chunk.length;
    if (this.#queuedBytes > highWaterBytes && !this.#paused) {
      this.#paused = true;
      this.#socket?.pause();
    }
  }

  onEnd(): void {
    this.#ended = true;
    this.#reader?.(undefined);
    this.#reader = undefined;
  }

  onClose(): void {
    this.#closed = true;
    this.onEnd();
    this.onDrain();
  }

  onDrain(): void {
    this.#drained?.();
    this.#drained = undefined;
  }

  read(): Promise<Uint8Array | undefined> {
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      this.#queuedBytes -= chunk.length;
      if (this.#paused && this.#queuedBytes === 0) {
        this.#paused = false;
        this.#socket?.resume();
      }
      return Promise.resolve(chunk);
    }
    if (this.#ended) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#reader = resolve;
    });
  }

  write(bytes: Uint8Array): Promise<void> {
    const written = this.#writing.then(() => this.#writeAll(bytes));
    this.#writing = written.catch(() => undefined);
    return written;
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const count = this.#closed ? -1 : (this.#socket?.write(bytes.subarray(done)) ?? -1);
      if (count < 0) throw new BerthError("unavailable", "the process's monitor closed the connection");
      done += count;
      if (done < bytes.length) await new Promise<void>((resolve) => (this.#drained = resolve));
    }
  }

  endWrite(): void {
    void this.#writing.then(() => this.#socket?.shutdown());
  }

  close(): void {
    if (this.#closed) return;
    this.onClose();
    this.#socket?.terminate();
  }
}
