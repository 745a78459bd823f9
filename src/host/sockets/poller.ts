import { addon, type PollerHandle } from "../kernel/addon.ts";
import { EPOLL_CLOEXEC, EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD, EPOLLONESHOT } from "../kernel/linux.ts";
import { SyscallError } from "../kernel/errno.ts";
import { close, raw } from "../kernel/syscalls.ts";

/** A descriptor being watched. */
export interface Watch {
  /** Change what is waited for; 0 pauses. */
  update(events: number): void;
  /** No call of `onReady` afterwards. Close the watch before its descriptor. */
  close(): void;
}

/**
 * Tells when raw descriptors (netlink sockets, ptys, pidfds, eventfds) become ready, by one waiting thread. Open watches
 * keep the process alive. epoll(7) semantics: one watch a descriptor (dup for a second), level-triggered: `onReady` is
 * called again as long as the condition holds. Regular files cannot be watched (EPERM).
 */
export class Poller {
  readonly #epoll: number;
  readonly #handle: PollerHandle;
  readonly #watches = new Map<
    number,
    { readonly fd: number; events: number; readonly onReady: (events: number) => void }
  >();
  #nextToken = 1;
  #closed = false;

  constructor() {
    this.#epoll = raw("epoll_create1", EPOLL_CLOEXEC);
    if (this.#epoll < 0) throw new SyscallError("epoll_create1", -this.#epoll);
    this.#handle = addon().startPoller(this.#epoll, (token, events) => this.#deliver(token, events));
    addon().refPoller(this.#handle, false);
  }

  /** `events`: EPOLLIN, EPOLLOUT, EPOLLRDHUP; EPOLLERR and EPOLLHUP are always reported. */
  watch(fd: number, events: number, onReady: (events: number) => void): Watch {
    const token = this.#nextToken;
    this.#nextToken = (this.#nextToken + 1) % 2 ** 31;
    this.#control(EPOLL_CTL_ADD, fd, events, token);
    this.#watches.set(token, { fd, events, onReady });
    if (this.#watches.size === 1) addon().refPoller(this.#handle, true);
    return {
      update: (wanted) => {
        const watch = this.#watches.get(token);
        if (watch === undefined || watch.events === wanted) return;
        watch.events = wanted;
        this.#control(EPOLL_CTL_MOD, fd, wanted, token);
      },
      close: () => {
        if (!this.#watches.delete(token) || this.#closed) return;
        raw("epoll_ctl", this.#epoll, EPOLL_CTL_DEL, fd, epollEvent(0, 0));
        if (this.#watches.size === 0) addon().refPoller(this.#handle, false);
      },
    };
  }

  /** Resolves with the events as soon as one of `events` holds. */
  ready(fd: number, events: number): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<number>();
    const watch = this.watch(fd, events, (happened) => {
      watch.close();
      resolve(happened);
    });
    return promise;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#watches.clear();
    addon().stop(this.#handle);
    close(this.#epoll);
  }

  #deliver(token: number, events: number): void {
    const watch = this.#watches.get(token);
    if (watch === undefined) return;
    watch.onReady(events);
    // One-shot: armed again after the callback and only while it is still wanted, so that calls never pile up. A callback
    // that throws is an uncaught error of this process and stays disarmed.
    if (this.#watches.get(token) === watch && watch.events !== 0) {
      this.#control(EPOLL_CTL_MOD, watch.fd, watch.events, token);
    }
  }

  #control(operation: number, fd: number, events: number, token: number): void {
    const armed = events === 0 ? 0 : events | EPOLLONESHOT;
    const result = raw("epoll_ctl", this.#epoll, operation, fd, epollEvent(armed, token));
    if (result < 0) throw new SyscallError("epoll_ctl", -result, `fd ${fd}`);
  }
}

/** `struct epoll_event`: packed on x86_64, aligned elsewhere. */
function epollEvent(events: number, token: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(16));
  view.setUint32(0, events, true);
  view.setUint32(process.arch === "x64" ? 4 : 8, token, true);
  return new Uint8Array(view.buffer);
}
