import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";

/** PEM texts of a server's identity and of who may speak to it. */
export interface ServerTls {
  readonly cert: string;
  readonly key: string;
  /** Only clients whose certificate it signed are admitted; all when undefined. */
  readonly clientAuthority: string | undefined;
}

/** How connections come to a server. */
export type ServerTransport =
  | { readonly kind: "unix" }
  | { readonly kind: "tcp" }
  /** One by one from somebody else, by `server.emit("connection", socket)`, decrypted. */
  | { readonly kind: "handed" };

/** docker-compat: how long a request's head may take, and how large it may be. */
export const HEAD_TIMEOUT_MS = 300_000;
const MAX_HEAD_BYTES = 1 << 20;

const limits = {
  keepAliveTimeout: 0,
  requestTimeout: 0,
  headersTimeout: HEAD_TIMEOUT_MS,
  connectionsCheckingInterval: 30_000,
  maxHeaderSize: MAX_HEAD_BYTES,
};

/** docker-compat: TLS 1.2 and newer, as Go's server of dockerd has it. */
export function tlsOptions({ cert, key, clientAuthority }: ServerTls) {
  return {
    cert,
    key,
    minVersion: "TLSv1.2" as const,
    ...(clientAuthority === undefined ? {} : { ca: clientAuthority, requestCert: true, rejectUnauthorized: true }),
  };
}

/**
 * An HTTP server with the API's limits, and with answers in Go's words to what is no request. A client of a unix socket may
 * close its side behind its request and still gets its answer; on TCP, where that looks as if it had left, it has.
 */
export function httpServer(transport: ServerTransport): Server {
  const server = createServer(limits);
  if (transport.kind !== "tcp") Object.assign(server, { httpAllowHalfOpen: true });
  const answering = new WeakMap<Duplex, ServerResponse>();
  server.on("request", (request: IncomingMessage, response: ServerResponse) => answering.set(request.socket, response));
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Duplex) => {
    // Behind the head of an answer only the end of the connection can tell.
    if (!socket.writable || error.code === "ECONNRESET" || answering.get(socket)?.headersSent === true)
      socket.destroy();
    else socket.end(plainAnswer(statusOfFault(error.code)));
  });
  server.on("connect", (_request: IncomingMessage, socket: Socket) => {
    socket.end(plainAnswer("404 Not Found"));
  });
  server.on("checkExpectation", (_request: IncomingMessage, response: ServerResponse) => {
    response.writeHead(417, { Connection: "close", "Content-Length": 0 });
    response.end();
  });
  return server;
}

function statusOfFault(code: string | undefined): string {
  if (code === "HPE_HEADER_OVERFLOW") return "431 Request Header Fields Too Large";
  return code === "ERR_HTTP_REQUEST_TIMEOUT" ? "408 Request Timeout" : "400 Bad Request";
}

/** docker-compat: what Go's server writes by itself: the status is the text, and the connection ends. */
export function plainAnswer(status: string): string {
  return `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n${status}`;
}
