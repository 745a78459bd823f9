import { SyscallError } from "../kernel/errno.ts";
import {
  AF_INET,
  EPOLLIN,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
} from "../kernel/linux.ts";
import { socketAddress } from "./namespace-sockets.ts";
import { PolledStream, socketIn } from "./polled-stream.ts";
import type { Poller } from "./poller.ts";
import { bind, close, getsockname, listen, raw, receiveFrom } from "../kernel/syscalls.ts";

/** A socket that serves inside a network namespace, at a port that the kernel chose. */
export interface SocketServer {
  readonly port: number;
  close(): void;
}

export interface ServerPlace {
  readonly namespaceFd: number;
  /** IPv4. */
  readonly host: string;
}

/** Other work comes in between so many datagrams or connections. */
const AT_ONCE = 64;
const BACKLOG = 128;
/** A datagram is copied out of it at once. */
const largestDatagram = new Uint8Array(65_535);

/** One who sent a datagram. A reply that cannot be sent, or comes after close(), is lost, as any datagram may be. */
export interface Sender {
  /** The same for datagrams from the same address and port. */
  readonly key: string;
  reply(answer: Uint8Array): void;
}

/** Connections are the callee's to close. */
export function serveStreams(
  poller: Poller,
  place: ServerPlace,
  onConnection: (stream: PolledStream) => void,
): SocketServer {
  return openServer(place, SOCK_STREAM, (fd) => {
    const watch = watchStreams(poller, fd, onConnection);
    return {
      close() {
        watch.close();
        close(fd);
      },
    };
  });
}

/** What comes in at the bound socket `fd`, which must not block and stays the caller's to close. */
export function watchDatagrams(
  poller: Poller,
  fd: number,
  onDatagram: (bytes: Uint8Array, sender: Sender) => void,
): { close(): void } {
  return watchItems(poller, fd, (isOpen) => {
    const address = new Uint8Array(28);
    const length = receiveFrom(fd, largestDatagram, MSG_DONTWAIT, address);
    if (length === undefined) return false;
    // A sockaddr_in is shorter, and its rest stays zero.
    const sender = address[0] === AF_INET ? address.subarray(0, 16) : address;
    onDatagram(largestDatagram.slice(0, length), {
      key: sender.toHex(),
      reply: (answer) => {
        if (isOpen()) raw("sendto", fd, answer, MSG_DONTWAIT | MSG_NOSIGNAL, sender);
      },
    });
    return true;
  });
}

/** Who connects to the listening socket `fd`, which must not block and stays the caller's to close. */
export function watchStreams(
  poller: Poller,
  fd: number,
  onConnection: (stream: PolledStream) => void,
): { close(): void } {
  const EAGAIN = 11;
  return watchItems(poller, fd, () => {
    const accepted = raw("accept4", fd, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (accepted === -EAGAIN) return false;
    if (accepted < 0) throw new SyscallError("accept4", -accepted);
    onConnection(new PolledStream(poller, accepted));
    return true;
  });
}

/** `take` handles one waiting item; false when there was none. */
function watchItems(poller: Poller, fd: number, take: (isOpen: () => boolean) => boolean): { close(): void } {
  let open = true;
  const isOpen = (): boolean => open;
  const watch = poller.watch(fd, EPOLLIN, () => {
    try {
      for (let taken = 0; taken < AT_ONCE && isOpen() && take(isOpen); taken++);
    } catch {
      // A connection that broke before it was accepted, or no descriptor left for it: the next event tries again.
    }
  });
  return {
    close: () => {
      open = false;
      watch.close();
    },
  };
}

/** A socket of this type, which does not block. What `listenAt` makes of it closes it. */
export function openServer(
  place: ServerPlace,
  type: number,
  listenAt: (fd: number) => { close(): void },
): SocketServer {
  const fd = socketIn(place.namespaceFd, AF_INET, type | SOCK_NONBLOCK);
  try {
    bind(fd, socketAddress({ host: place.host, port: 0 }).address);
    if (type === SOCK_STREAM) listen(fd, BACKLOG);
    const port = new DataView(getsockname(fd).slice().buffer).getUint16(2);
    const listening = listenAt(fd);
    let open = true;
    return {
      port,
      close: () => {
        if (!open) return;
        open = false;
        listening.close();
      },
    };
  } catch (error) {
    close(fd);
    throw error;
  }
}
