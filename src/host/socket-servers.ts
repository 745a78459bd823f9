import { SyscallError } from "./errno.ts";
import {
  AF_INET,
  EPOLLIN,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
} from "./linux.ts";
import { socketAddress } from "./namespace-sockets.ts";
import { PolledStream, socketIn } from "./polled-stream.ts";
import type { Poller } from "./poller.ts";
import { bind, close, getsockname, listen, raw, receiveFrom } from "./syscalls.ts";

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

/** A reply that cannot be sent, or comes after close(), is lost, as any datagram may be. */
export function serveDatagrams(
  poller: Poller,
  place: ServerPlace,
  onDatagram: (bytes: Uint8Array, reply: (answer: Uint8Array) => void) => void,
): SocketServer {
  return serve(poller, place, SOCK_DGRAM, (fd, isOpen) => {
    const sender = new Uint8Array(16);
    const length = receiveFrom(fd, largestDatagram, MSG_DONTWAIT, sender);
    if (length === undefined) return false;
    onDatagram(largestDatagram.slice(0, length), (answer) => {
      if (isOpen()) raw("sendto", fd, answer, MSG_DONTWAIT | MSG_NOSIGNAL, sender);
    });
    return true;
  });
}

/** Connections are the callee's to close. */
export function serveStreams(
  poller: Poller,
  place: ServerPlace,
  onConnection: (stream: PolledStream) => void,
): SocketServer {
  const EAGAIN = 11;
  return serve(poller, place, SOCK_STREAM, (fd) => {
    const accepted = raw("accept4", fd, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (accepted === -EAGAIN) return false;
    if (accepted < 0) throw new SyscallError("accept4", -accepted);
    onConnection(new PolledStream(poller, accepted));
    return true;
  });
}

/** `take` handles one waiting item; false when there was none. */
function serve(
  poller: Poller,
  place: ServerPlace,
  type: number,
  take: (fd: number, isOpen: () => boolean) => boolean,
): SocketServer {
  const fd = socketIn(place.namespaceFd, AF_INET, type | SOCK_NONBLOCK);
  try {
    bind(fd, socketAddress({ host: place.host, port: 0 }).address);
    if (type === SOCK_STREAM) listen(fd, BACKLOG);
    let open = true;
    const isOpen = (): boolean => open;
    const watch = poller.watch(fd, EPOLLIN, () => {
      try {
        for (let taken = 0; taken < AT_ONCE && isOpen() && take(fd, isOpen); taken++);
      } catch {
        // A connection that broke before it was accepted, or no descriptor left for it: the next event tries again.
      }
    });
    return {
      port: new DataView(getsockname(fd).slice().buffer).getUint16(2),
      close: () => {
        if (!open) return;
        open = false;
        watch.close();
        close(fd);
      },
    };
  } catch (error) {
    close(fd);
    throw error;
  }
}
