import type { IncomingMessage } from "node:http";
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import type { Duplex } from "node:stream";

export interface HandedListenerOptions {
  readonly tls?: TlsOptions;
  /** A connection whose first request's head is not complete by then is closed: the server's own clock does not see these. */
  readonly headTimeoutMs: number;
}

/** Accepts connections for a server that does not listen itself. */
export interface Acceptor {
  /** To be made to listen by whoever knows where. */
  readonly listener: Server;
  /** Certificates of the connections to come; those that are open keep theirs. */
  useTls(tls: TlsOptions): void;
}

/** Hand each accepted connection, decrypted where `tls` is given, to `server` of node:http. */
export function acceptFor(server: Server, { tls, headTimeoutMs }: HandedListenerOptions): Acceptor {
  const waiting = new Map<Duplex, NodeJS.Timeout>();
  const settled = (socket: Duplex): void => {
    clearTimeout(waiting.get(socket));
    waiting.delete(socket);
  };
  const hand = (socket: Socket): void => {
    waiting.set(socket, setTimeout(() => socket.destroy(), headTimeoutMs).unref());
    socket.on("close", () => settled(socket));
    server.emit("connection", socket);
  };
  for (const event of ["request", "upgrade", "checkContinue"])
    server.on(event, ({ socket }: IncomingMessage) => settled(socket));
  const decrypting = (options: TlsOptions): Server =>
    createTlsServer({ ...options, allowHalfOpen: true } as TlsOptions)
      // A handshake that fails is the client's affair.
      .on("tlsClientError", () => undefined)
      .on("secureConnection", hand);
  let secure = tls === undefined ? undefined : decrypting(tls);
  const listener = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    // A client that leaves in the middle of something is no fault.
    socket.on("error", () => undefined);
    if (secure === undefined) hand(socket);
    else secure.emit("connection", socket);
  });
  return {
    listener,
    useTls(options) {
      secure = decrypting(options);
    },
  };
}

/**
 * Accept on a listening socket that somebody else made. The descriptor is taken over: `close` closes it; the socket itself
 * goes on in whoever else holds it, and its backlog with it.
 */
export async function listenOnFd(listener: Server, fd: number): Promise<{ close(): void }> {
  await new Promise<void>((resolve, reject) => {
    listener.once("error", reject);
    listener.listen({ fd }, () => {
      listener.off("error", reject);
      resolve();
    });
  });
  return { close: () => void listener.close() };
}
