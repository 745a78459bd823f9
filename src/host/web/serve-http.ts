import { acceptOn, type Acceptor, type ServerTls } from "../sockets/accept.ts";
import { serveConnection, type HttpService } from "../http/http-server.ts";
import { isUnixSocket } from "../sockets/listening-socket.ts";

/** docker-compat: how long the head of a connection's first request may take. */
const HEAD_TIMEOUT_MS = 300_000;

/** Serve a listening socket, which is taken over as by {@link acceptOn}. */
export function serveHttp(
  fd: number,
  service: HttpService,
  {
    tls,
    headTimeoutMs = HEAD_TIMEOUT_MS,
  }: { readonly tls?: ServerTls | undefined; readonly headTimeoutMs?: number } = {},
): Acceptor {
  const options = { endMeansGone: !isUnixSocket(fd), headTimeoutMs };
  return acceptOn(fd, tls, (connection) => void serveConnection(connection, service, options));
}
