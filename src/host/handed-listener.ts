import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";

/**
 * Accept on a listening socket that somebody else made and hand each connection, decrypted where `tls` is given, to `server`
 * (of node:http), which does not listen itself. `close` stops accepting here; the socket itself goes on in whoever else holds
 * it, and its backlog with it.
 */
export async function listenOnFd(server: Server, fd: number, tls: TlsOptions | undefined): Promise<{ close(): void }> {
  const secure = tls === undefined ? undefined : createTlsServer({ ...tls, allowHalfOpen: true } as TlsOptions);
  // A handshake that fails is the client's affair.
  secure?.on("tlsClientError", () => undefined);
  secure?.on("secureConnection", (socket) => server.emit("connection", socket));
  const acceptor = createServer({ allowHalfOpen: true, noDelay: true }, (socket: Socket) => {
    if (secure === undefined) server.emit("connection", socket);
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
