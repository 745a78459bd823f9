import { BerthError, messageOf } from "#base/errors.ts";
import { tlsOptions, type ServerTls } from "../sockets/accept.ts";
import { connectionOf } from "../sockets/connection-of.ts";
import { hasCode } from "../kernel/errno.ts";
import { reasonPhrase } from "../http/reason-phrase.ts";
import { FileSender, type FilePart } from "../files/file-sender.ts";

/** One request, as far as a transport needs it. */
export interface WebRequest {
  readonly method: string;
  /** As it was sent: not decoded. */
  readonly path: string;
  /** Behind the `?`, not decoded; empty when there is none. */
  readonly query: string;
  readonly header: (name: string) => string | undefined;
  /** Read once. `cancelled` when the client leaves before its end. */
  readonly body: AsyncIterable<Uint8Array>;
  /** The other side's address without its port. */
  readonly remoteAddress: string;
  /** Aborts when the client leaves before the answer is complete. */
  readonly signal: AbortSignal;
}

export interface WebReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Nothing when undefined; a `Content-Length` among the headers is then kept, as answers to HEAD need it. */
  readonly body?: string | Uint8Array | FilePart | AsyncIterable<Uint8Array>;
}

/** What is smaller is sent in one go, and its connection kept for the next request. */
const LARGE_BYTES = 4 << 20;

export type WebHandler = (request: WebRequest) => WebReply | Promise<WebReply>;

export interface WebServer {
  readonly host: string;
  /** The real one, also when 0 was asked for. */
  readonly port: number;
  /** Take no more connections and wait for the requests under way; with `now` cut them off. */
  stop(now?: boolean): Promise<void>;
}

/**
 * An HTTP server by the runtime's own implementation, which serves files without copying them through the program and
 * slows a fast sender down to the pace of its reader. `handler` never rejects. `conflict` when the port or path is taken,
 * `invalid-parameter` when the machine does not have the address.
 */
export function startWebServer(
  place: { readonly host: string; readonly port: number; readonly tls?: ServerTls } | { readonly unixPath: string },
  handler: WebHandler,
): WebServer {
  const isPlain = !("unixPath" in place) && place.tls === undefined;
  let sender: FileSender | undefined;
  const fetch = async (request: Request, server: Bun.Server<undefined>): Promise<Response> => {
    const reply = await handler(fromRequest(request, server));
    const { body } = reply;
    if (!isPlain || !isFilePart(body) || body.end - body.start < LARGE_BYTES) return toResponse(reply);
    const peer = server.requestIP(request);
    const socket = peer === null ? undefined : connectionOf(peer, server.port ?? 0);
    if (socket === undefined) return toResponse(reply);
    server.timeout(request, 0);
    sender ??= new FileSender();
    const isSent = await sender.send(socket, headOf(reply, body), body);
    // Nobody gets an empty one: the connection is at its end.
    return isSent ? new Response(null) : toResponse(reply);
  };
  // No limit here: the registry bounds each kind of body itself.
  const limits = { maxRequestBodySize: Number.MAX_SAFE_INTEGER, development: false } as const;
  try {
    const server =
      "unixPath" in place
        ? Bun.serve({ ...limits, unix: place.unixPath, fetch })
        : Bun.serve({
            ...limits,
            hostname: place.host,
            port: place.port,
            idleTimeout: 255,
            ...(place.tls === undefined ? {} : { tls: tlsOptions(place.tls) }),
            fetch,
          });
    return {
      host: "unixPath" in place ? "" : place.host,
      port: server.port ?? 0,
      stop: (now = false) => {
        if (now) sender?.cut();
        return server.stop(now);
      },
    };
  } catch (error) {
    const where = "unixPath" in place ? place.unixPath : `${place.host}:${place.port}`;
    const kind = hasCode(error, "EADDRINUSE") ? "conflict" : "invalid-parameter";
    throw new BerthError(kind, `cannot listen on ${where}: ${messageOf(error)}`, { cause: error });
  }
}

function fromRequest(request: Request, server: Bun.Server<undefined>): WebRequest {
  const { url } = request;
  const from = url.indexOf("/", url.indexOf("://") + 3);
  const split = url.indexOf("?", from);
  return {
    method: request.method,
    path: from < 0 ? "/" : url.slice(from, split < 0 ? undefined : split),
    query: split < 0 ? "" : url.slice(split + 1),
    header: (name) => request.headers.get(name) ?? undefined,
    get body() {
      return bodyOf(request);
    },
    get remoteAddress() {
      return server.requestIP(request)?.address ?? "";
    },
    signal: request.signal,
  };
}

async function* bodyOf(request: Request): AsyncGenerator<Uint8Array> {
  if (request.body === null) return;
  try {
    yield* request.body as unknown as AsyncIterable<Uint8Array>;
  } catch (cause) {
    throw new BerthError("cancelled", "the client left before the end of its request", { cause });
  }
}

function toResponse({ status, headers, body }: WebReply): Response {
  const init = { status, headers: { ...headers } };
  if (body === undefined || typeof body === "string") return new Response(body ?? null, init);
  if (body instanceof Uint8Array) return new Response(body as Uint8Array<ArrayBuffer>, init);
  if (!isFilePart(body)) return new Response(body, init);
  return new Response(body.start === body.end ? null : Bun.file(body.path).slice(body.start, body.end), init);
}

function isFilePart(body: WebReply["body"]): body is FilePart {
  return typeof body === "object" && "path" in body;
}

/** RFC 9112 section 2.1, for a body of known length behind which the connection ends. */
function headOf({ status, headers }: WebReply, { start, end }: FilePart): Uint8Array {
  const lines = Object.entries({
    ...headers,
    "Content-Length": String(end - start),
    Date: new Date().toUTCString(),
    Connection: "close",
  }).map(([name, value]) => `${name}: ${value}`);
  return Buffer.from(`HTTP/1.1 ${status} ${reasonPhrase(status)}\r\n${lines.join("\r\n")}\r\n\r\n`);
}
