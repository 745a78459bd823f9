import type { IncomingMessage } from "node:http";
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import type { Duplex } from "node:stream";

export interface HandedListenerOptions {
  readonly tls?: TlsOptions;
  /** A connection whose first request's head is not complete by then is closed: the server's own clock does not see these. */
  readonly headTimeoutMs: number;
}

/**
 * Accept on a listening socket that somebody else made and hand each connection, decrypted where `tls` is given, to `server`
 * (of node:http), which does not listen itself. The descriptor is taken over: `close` closes it; the socket itself goes
 * on in whoever else holds it, and its backlog with it.
 */
export async function listenOnFd(
  server: Server,
  fd: number,
  options: HandedListenerOptions,
): Promise<{ close(): void }> {
  const { tls, headTimeoutMs } = options;
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
  const secure = tls === undefined ? undefined : createTlsServer({ ...tls, allowHalfOpen: true } as TlsOptions);
  // A handshake that fails is the client's affair.
  secure?.on("tlsClientError", () => undefined);
  secure?.on("secureConnection", hand);
  const acceptor = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    // A client that leaves in the middle of something is no fault.
    socket.on("error", () => undefined);
    if (secure === undefined) hand(socket);
    else secure.emit("connection", socket);
  });
  await new Promise<void>((resolve, reject) => {
    acceptor.once("error", reject);
    acceptor.listen({ fd }, () => {
      acceptor.off("error", reject);
      resolve();
    });
  });
  return { close: () => void acceptor.close() };
}
