import type { WatchedDuplex } from "../http/duplex.ts";
import { SocketDuplex, socketHandlers } from "../http/socket-duplex.ts";
import { setStatusFlags, close, duplicate } from "../kernel/syscalls.ts";
import { O_NONBLOCK } from "../kernel/linux.ts";

/** PEM texts of a server's identity and of who may speak to it. */
export interface ServerTls {
  readonly cert: string;
  readonly key: string;
  /** Only clients whose certificate it signed are admitted; all when undefined. */
  readonly clientAuthority: string | undefined;
}

export interface Acceptor {
  /** Stop accepting and close the descriptor. Open connections go on. */
  readonly close: () => void;
  /** Certificates of the connections to come; those that are open keep theirs. */
  readonly useTls: (tls: ServerTls) => void;
}

/**
 * Accept on a listening socket. The descriptor is taken over; the socket goes on in whoever else holds it, and its backlog
 * with it. Where `tls` is given, `onConnection` gets decrypted connections of clients that are admitted.
 */
export function acceptOn(
  fd: number,
  tls: ServerTls | undefined,
  onConnection: (connection: WatchedDuplex) => void,
): Acceptor {
  setStatusFlags(fd, O_NONBLOCK);
  let listener = listen(duplicate(fd), tls, onConnection);
  return {
    close() {
      listener.stop();
      close(fd);
    },
    useTls(next) {
      const former = listener;
      listener = listen(duplicate(fd), next, onConnection);
      former.stop();
    },
  };
}

type Socket = Bun.Socket<SocketDuplex>;

function listen(
  fd: number,
  tls: ServerTls | undefined,
  onConnection: (connection: WatchedDuplex) => void,
): { stop(): void } {
  const begin = (socket: Socket): void => {
    onConnection(socket.data);
  };
  const options = {
    // Where the runtime's own node:net has it, though its types do not.
    fd,
    allowHalfOpen: true,
    ...(tls === undefined ? {} : { tls: tlsOptions(tls) }),
    socket: {
      ...socketHandlers<SocketDuplex>(({ data }) => data),
      open(socket: Socket) {
        socket.data = new SocketDuplex();
        socket.data.open(socket);
        if (tls === undefined) begin(socket);
      },
      handshake(socket: Socket, isSecure: boolean, refusal: Error | null) {
        if (isSecure && (tls?.clientAuthority === undefined || refusal === null)) begin(socket);
        else socket.terminate();
      },
    },
  };
  return Bun.listen<SocketDuplex>(options as unknown as Bun.UnixSocketOptions<SocketDuplex>);
}

/** docker-compat: TLS 1.2 and newer, as Go's server of dockerd has it; older ones the runtime does not speak. */
export function tlsOptions({ cert, key, clientAuthority }: ServerTls): Bun.TLSOptions {
  return {
    cert,
    key,
    ...(clientAuthority === undefined ? {} : { ca: clientAuthority, requestCert: true, rejectUnauthorized: true }),
  };
}
