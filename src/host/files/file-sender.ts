import { availableParallelism } from "node:os";
import { sleep } from "#base/async.ts";
import { addon, type SenderHandle } from "../kernel/addon.ts";
import {
  AT_FDCWD,
  IPPROTO_TCP,
  O_CLOEXEC,
  O_RDONLY,
  SHUT_RDWR,
  SHUT_WR,
  TCP_INFO,
  TCP_USER_TIMEOUT,
} from "../kernel/linux.ts";
import { close, getsockopt, raw, setsockoptInt } from "../kernel/syscalls.ts";

/** Bytes `start` up to, not including, `end` of a file. */
export interface FilePart {
  readonly path: string;
  readonly start: number;
  readonly end: number;
}

/** A receiver that takes nothing for so long is cut off. */
const STALL_MS = 255_000;
const FIRST_LOOK_MS = 5;
const LAST_LOOK_MS = 500;
/** tcp_info.tcpi_state, its first byte: what was sent is acknowledged, the end of it too, or nobody is there any more. */
const ENDED_STATES = new Set([5 /* FIN_WAIT2 */, 6 /* TIME_WAIT */, 7 /* CLOSE */]);

/**
 * Sends parts of files over TCP by a few threads of its own (native/addon/send.c). The runtime's one thread sends each receiver as
 * much as it takes, by sendfile(2): the others wait for it, and take more time themselves for what is not in the cache.
 */
export class FileSender {
  readonly #handle: SenderHandle;
  readonly #ends = new Map<number, (errno: number) => void>();
  readonly #sockets = new Set<number>();
  #nextToken = 1;

  constructor() {
    const threads = Math.max(2, Math.min(4, availableParallelism()));
    this.#handle = addon().startSender(threads, (token, errno) => {
      this.#ends.get(token)?.(errno);
      this.#ends.delete(token);
    });
  }

  /**
   * Send `head` and then the part, which must not be empty, and end what this side sends. `socket`, which does not block, is
   * closed here. Resolves when the other side has acknowledged all of it, or is gone, or took nothing for four minutes. False,
   * and nothing is sent, when the file cannot be opened.
   */
  async send(socket: number, head: Uint8Array, part: FilePart): Promise<boolean> {
    const file = openMaybe(part.path);
    if (file === undefined) {
      close(socket);
      return false;
    }
    this.#sockets.add(socket);
    try {
      setsockoptInt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, STALL_MS);
      const errno = await this.#sent(socket, file, head, part);
      if (errno === 0) await acknowledged(socket);
      // Whoever else has this connection open learns that it is over.
      raw("shutdown", socket, SHUT_RDWR);
      return true;
    } finally {
      this.#sockets.delete(socket);
      close(socket);
      close(file);
    }
  }

  /** Cut off what is under way. */
  cut(): void {
    for (const socket of this.#sockets) raw("shutdown", socket, SHUT_RDWR);
  }

  #sent(socket: number, file: number, head: Uint8Array, { start, end }: FilePart): Promise<number> {
    const token = this.#nextToken;
    this.#nextToken = (token + 1) % 2 ** 31;
    const { promise, resolve } = Promise.withResolvers<number>();
    this.#ends.set(token, resolve);
    const result = addon().sendFile(this.#handle, token, socket, file, start, end, head);
    if (result !== 0) {
      this.#ends.delete(token);
      resolve(-result);
    }
    return promise;
  }
}

function openMaybe(path: string): number | undefined {
  const file = raw("openat", AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
  return file < 0 ? undefined : file;
}

/** End this side's sending, and wait until that has arrived. */
async function acknowledged(socket: number): Promise<void> {
  if (raw("shutdown", socket, SHUT_WR) !== 0) return;
  for (let pauseMs = FIRST_LOOK_MS; ; pauseMs = Math.min(pauseMs * 2, LAST_LOOK_MS)) {
    const [state = 0] = getsockopt(socket, IPPROTO_TCP, TCP_INFO, 1);
    if (ENDED_STATES.has(state)) return;
    await sleep(pauseMs);
  }
}
