import { BerthError, messageOf } from "#base/errors.ts";

import { errnoText } from "../kernel/errno.ts";
import { withFd } from "../files/files.ts";
import {
  AF_INET,
  AF_INET6,
  EPOLLIN,
  EPOLLOUT,
  EPOLLRDHUP,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  O_RDONLY,
  SO_ERROR,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
} from "../kernel/linux.ts";
import { parseIp } from "../netlink/address.ts";
import { Poller } from "./poller.ts";
import { close, getsockopt, open, raw, receive, sendto, socketInNamespace } from "../kernel/syscalls.ts";

const EINPROGRESS = 115;
const chunkBytes = 16 << 10;

/** A connection made from within another network namespace. Small messages only: a write must fit the socket's buffer. */
export interface NamespaceConnection {
  write(bytes: Uint8Array): void;
  /** The next bytes, undefined at the end. `cancelled` when the connection's signal aborts. */
  read(): Promise<Uint8Array | undefined>;
  close(): void;
}

/**
 * TCP connections to addresses as they are seen inside another network namespace. A socket belongs for its life to the
 * namespace it was made in, so only making it needs a thread that goes there; nothing of this process moves.
 */
export class NamespaceSockets {
  #poller: Poller | undefined;

  /**
   * `namespace`: a path such as /proc/PID/ns/net. `host`: an IPv4 or IPv6 address. `unavailable` with the kernel's reason
   * when nobody answers, `cancelled` when the signal aborts; the connection ends with the signal too.
   */
  async connect(
    namespace: string,
    target: { readonly host: string; readonly port: number },
    signal: AbortSignal,
  ): Promise<NamespaceConnection> {
    const { family, address } = socketAddress(target);
    const fd = withFd(open(namespace, O_RDONLY), (namespaceFd) =>
      socketInNamespace(namespaceFd, family, SOCK_STREAM | SOCK_NONBLOCK, 0),
    );
    try {
      const begun = raw("connect", fd, address);
      if (begun === -EINPROGRESS) await this.#ready(fd, EPOLLOUT, signal);
      else if (begun < 0) throw refused(target, -begun);
      const failure = new DataView(getsockopt(fd, SOL_SOCKET, SO_ERROR, 4).slice().buffer).getInt32(0, true);
      if (failure !== 0) throw refused(target, failure);
    } catch (error) {
      close(fd);
      throw error;
    }
    let closed = false;
    return {
      write: (bytes) => sendto(fd, bytes, MSG_DONTWAIT | MSG_NOSIGNAL),
      read: async () => {
        for (;;) {
          const buffer = new Uint8Array(chunkBytes);
          const count = receive(fd, buffer, MSG_DONTWAIT);
          if (count === 0) return undefined;
          if (count !== undefined) return buffer.subarray(0, count);
          await this.#ready(fd, EPOLLIN | EPOLLRDHUP, signal);
        }
      },
      close: () => {
        if (!closed) close(fd);
        closed = true;
      },
    };
  }

  /** {@link tlsOver}; loaded when it is first asked for. */
  async secure(connection: NamespaceConnection): Promise<NamespaceConnection> {
    const { tlsOver } = await import("./tls-over.ts");
    return tlsOver(connection);
  }

  close(): void {
    this.#poller?.close();
    this.#poller = undefined;
  }

  #ready(fd: number, events: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (signal.aborted) return Promise.reject(cancelled(signal));
    this.#poller ??= new Poller();
    const watch = this.#poller.watch(fd, events, () => done(resolve));
    const onAbort = (): void => done(() => reject(cancelled(signal)));
    const done = (settle: () => void): void => {
      watch.close();
      signal.removeEventListener("abort", onAbort);
      settle();
    };
    signal.addEventListener("abort", onAbort, { once: true });
    return promise;
  }
}

function refused({ host, port }: { readonly host: string; readonly port: number }, errno: number): BerthError {
  const where = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  return new BerthError("unavailable", `connect ${where}: ${errnoText(errno)}`);
}

const cancelled = (signal: AbortSignal): BerthError =>
  new BerthError("cancelled", `the connection was given up: ${messageOf(signal.reason)}`, { cause: signal.reason });

/** struct sockaddr_in, sockaddr_in6. */
export function socketAddress({ host, port }: { readonly host: string; readonly port: number }): {
  readonly family: number;
  readonly address: Uint8Array;
} {
  const six = host.includes(":");
  const address = new Uint8Array(six ? 28 : 16);
  const view = new DataView(address.buffer);
  view.setUint16(0, six ? AF_INET6 : AF_INET, true);
  view.setUint16(2, port);
  address.set(parseIp(host), six ? 8 : 4);
  return { family: six ? AF_INET6 : AF_INET, address };
}
