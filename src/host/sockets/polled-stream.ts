import { SyscallError } from "../kernel/errno.ts";
import {
  EPOLLIN,
  EPOLLOUT,
  EPOLLRDHUP,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  SO_ERROR,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
} from "../kernel/linux.ts";
import type { Poller, Watch } from "./poller.ts";
import { close, duplicate, getsockopt, raw, receive, socket, socketInNamespace } from "../kernel/syscalls.ts";

const EAGAIN = 11;
const SHUT_WR = 1;
const EINPROGRESS = 115;

/** Where a socket is to live: the caller's network namespace when undefined. */
export function socketIn(namespaceFd: number | undefined, family: number, type: number): number {
  return namespaceFd === undefined ? socket(family, type, 0) : socketInNamespace(namespaceFd, family, type, 0);
}

/** A connected stream socket by its descriptor, which it owns. One reader and one writer at a time. */
export class PolledStream {
  readonly #poller: Poller;
  readonly #fd: number;
  #open = true;
  #waiting: { readonly watch: Watch; readonly wake: () => void } | undefined;

  /** `fd` must not block. */
  constructor(poller: Poller, fd: number) {
    this.#poller = poller;
    this.#fd = fd;
  }

  /** Throws a SyscallError when nobody answers, or when `signal` aborts (ECANCELED). */
  static async connect(
    poller: Poller,
    place: { readonly namespaceFd: number | undefined; readonly family: number; readonly address: Uint8Array },
    signal: AbortSignal,
  ): Promise<PolledStream> {
    const fd = socketIn(place.namespaceFd, place.family, SOCK_STREAM | SOCK_NONBLOCK);
    const stream = new PolledStream(poller, fd);
    const begun = raw("connect", fd, place.address);
    if (begun === -EINPROGRESS) {
      const abort = (): void => stream.close();
      signal.addEventListener("abort", abort, { once: true });
      await stream.#ready(EPOLLOUT);
      signal.removeEventListener("abort", abort);
    }
    const failure = begun < 0 && begun !== -EINPROGRESS ? -begun : stream.#failure();
    if (failure === 0) return stream;
    stream.close();
    throw new SyscallError("connect", failure);
  }

  /** Up to `into.length` bytes: how many, 0 at the end and once it is closed or broken. */
  async read(into: Uint8Array): Promise<number> {
    while (this.#open) {
      try {
        const count = receive(this.#fd, into, MSG_DONTWAIT);
        if (count !== undefined) return count;
      } catch {
        return 0;
      }
      await this.#ready(EPOLLIN | EPOLLRDHUP);
    }
    return 0;
  }

  /** False when the other side is gone or this is closed. */
  async write(bytes: Uint8Array): Promise<boolean> {
    for (let done = 0; done < bytes.length;) {
      if (!this.#open) return false;
      const sent = raw("sendto", this.#fd, bytes.subarray(done), MSG_DONTWAIT | MSG_NOSIGNAL, null);
      if (sent >= 0) done += sent;
      else if (sent === -EAGAIN) await this.#ready(EPOLLOUT);
      else return false;
    }
    return true;
  }

  /** The same connection once more, to be closed apart: one reads while the other writes. */
  twin(): PolledStream {
    return new PolledStream(this.#poller, duplicate(this.#fd));
  }

  /** Nothing is written any more; the other side reads its end. */
  end(): void {
    if (this.#open) raw("shutdown", this.#fd, SHUT_WR);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#waiting?.watch.close();
    close(this.#fd);
    this.#waiting?.wake();
  }

  #failure(): number {
    const ECANCELED = 125;
    if (!this.#open) return ECANCELED;
    return new DataView(getsockopt(this.#fd, SOL_SOCKET, SO_ERROR, 4).slice().buffer).getInt32(0, true);
  }

  #ready(events: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = (): void => {
      this.#waiting = undefined;
      resolve();
    };
    const watch = this.#poller.watch(this.#fd, events, () => {
      watch.close();
      wake();
    });
    this.#waiting = { watch, wake };
    return promise;
  }
}
