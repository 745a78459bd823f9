import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { BerthError, isBerthError, messageOf } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import type { Engine } from "#engine/engine.ts";
import { featuresHeader, runFeature } from "#spec/berth/ended-output.ts";
import {
  apiVersion,
  newestApiVersion,
  oldestApiVersion,
  splitVersion,
  type ApiVersion,
} from "./versions/api-version.ts";
import { bodyChunks, readJson } from "./body.ts";
import type { Call, Handler } from "./call.ts";
import { cleanedPath } from "./clean-path.ts";
import { faultOfRequest } from "./check-request.ts";
import { bodyConnection, socketConnection, writeChunk } from "./connection.ts";
import { discardBody } from "./discard-body.ts";
import { asOfVersion } from "./versions/as-of-version.ts";
import { httpServer, plainAnswer, type ServerTransport } from "./http-server.ts";
import { parseQuery } from "./query.ts";
import type { HijackReply, RawConnection, Reply, WebSocketReply } from "./reply.ts";
import { Router } from "./router.ts";
import { dockerRoutes } from "./routes/all.ts";
import { statusOf } from "./status.ts";
import { webSocketConnection } from "./websocket.ts";
import { splitUpgradeBody } from "./upgrade-body.ts";

/** One for all: making a reason with its stack for every request that is over costs more than answering many. */
const gone = new DOMException("The connection was closed", "AbortError");

export interface DockerServerDeps {
  readonly engine: Engine;
  readonly log: Log;
  /** For the Server header. */
  readonly version: string;
  /** Requests of an older one are refused; this server's oldest when undefined. */
  readonly minimumApiVersion?: string;
  readonly experimental?: boolean;
}

/**
 * The Docker Engine API as an HTTP server; the caller listens on it and closes it. Handlers parse, call the engine and
 * print; nothing is decided here.
 */
export function createDockerServer(deps: DockerServerDeps, transport: ServerTransport = { kind: "unix" }): Server {
  const router = new Router(dockerRoutes(deps.engine));
  const minimum = deps.minimumApiVersion ?? oldestApiVersion;
  const commonHeaders = {
    "Api-Version": newestApiVersion,
    "Docker-Experimental": String(deps.experimental ?? false),
    Ostype: "linux",
    Server: `Berth/${deps.version} (linux)`,
    [featuresHeader]: runFeature,
  };
  const server = httpServer(transport);

  const handle = async (asked: Asked): Promise<{ reply: Reply; version: ApiVersion }> => {
    const moved = movedTo(asked.request);
    if (moved !== undefined) return { reply: moved, version: apiVersion(newestApiVersion) };
    const { route, call } = read(router, minimum, asked);
    return { reply: await route(call), version: call.version };
  };

  /** `proceed` tells a client that waits for it to send the body (RFC 9110, section 10.1.1). */
  const answer = async (
    request: IncomingMessage,
    response: ServerResponse,
    proceed: () => void = () => undefined,
  ): Promise<void> => {
    const fault = faultOfRequest(request);
    if (fault !== undefined) return refuse(response, fault);
    const closed = new AbortController();
    const left = new AbortController();
    const onLeft = (): void => left.abort(gone);
    // Kept, because a request that is over may have none.
    const { socket } = request;
    response.on("close", () => {
      closed.abort(gone);
      left.abort(gone);
      socket.off("end", onLeft);
    });
    // A handed connection does not tell who has left from who has said all: the answer is written, but nobody waits.
    if (transport.kind === "handed") socket.on("end", onLeft);
    for (const [name, value] of Object.entries(commonHeaders)) response.setHeader(name, value);
    try {
      const { reply, version } = await handle({ request, body: request, signal: left.signal, proceed });
      // A stream's handler may still be reading the body.
      if (reply.kind !== "hijack" && reply.kind !== "stream") await discardBody(request);
      await print(request, response, reply, version, closed.signal);
    } catch (error) {
      await discardBody(request);
      fail(deps.log, request, response, error);
    }
  };

  const upgrade = async (request: IncomingMessage, socket: Socket, head: Uint8Array): Promise<void> => {
    let connection = socketConnection(socket, head);
    const fault = faultOfRequest(request);
    if (fault !== undefined) {
      await connection.write(Buffer.from(plainAnswer(fault)));
      return connection.finish();
    }
    try {
      let body = request;
      if (transport.kind === "handed") {
        const split = await splitUpgradeBody(request, connection.readable);
        connection = { ...connection, readable: split.rest };
        body = split.body;
      }
      const { reply, version } = await handle({ request, body, signal: connection.gone, proceed: () => undefined });
      if (reply.kind === "websocket") return await converse(connection, reply);
      if (reply.kind !== "hijack") return await printPlain(connection, reply, version, commonHeaders);
      const headers = { "Content-Type": reply.contentType, Connection: "Upgrade", Upgrade: "tcp", ...commonHeaders };
      await connection.write(Buffer.from(headText("101 UPGRADED", headers)));
      await headPause(request.headers["user-agent"]);
      await reply.run(connection);
    } catch (error) {
      const { status, body } = describe(deps.log, request, error);
      const headers = {
        ...commonHeaders,
        "Content-Type": "application/json",
        "Content-Length": String(Buffer.byteLength(body)),
        Connection: "close",
      };
      await connection.write(Buffer.from(headText(`${status} ${reason(status)}`, headers) + body));
    } finally {
      connection.finish();
    }
  };

  server.on("request", (request, response) => void answer(request, response));
  server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) => {
    // Who is answered without having been asked for the body may send it all the same: no other request comes behind it.
    response.setHeader("Connection", "close");
    void answer(request, response, () => {
      if (response.headersSent || !response.hasHeader("Connection")) return;
      response.removeHeader("Connection");
      response.writeContinue();
    });
  });
  server.on(
    "upgrade",
    (request: IncomingMessage, socket: Socket, head: Uint8Array) => void upgrade(request, socket, head),
  );
  return server;
}

/** One request on its way to its route. */
interface Asked {
  readonly request: IncomingMessage;
  /** Where its body is read from. */
  readonly body: IncomingMessage;
  readonly signal: AbortSignal;
  readonly proceed: () => void;
}

function refuse(response: ServerResponse, fault: string): void {
  const [, status = "400", reason = ""] = /^(\d+) ([^:]*)/.exec(fault) ?? [];
  response.writeHead(Number(status), reason, {
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Length": Buffer.byteLength(fault),
    Connection: "close",
  });
  response.end(fault);
}

/** A client that takes the engine for a proxy names the host too (RFC 9112, section 3.2.2). */
const urlOf = ({ url = "/" }: IncomingMessage): string => (url === "*" ? "/" : url.replace(/^https?:\/\/[^/?]*/i, ""));

/** The redirect to the clean form of a path that is none. */
function movedTo(request: IncomingMessage): Reply | undefined {
  const [path = "", ...query] = urlOf(request).split("?");
  const clean = cleanedPath(path);
  if (clean === undefined) return undefined;
  return { kind: "text", status: 301, text: "", headers: { Location: [clean, ...query].join("?") } };
}

function read(
  router: Router,
  minimum: string,
  { request, body, signal, proceed }: Asked,
): { route: Handler; call: Call } {
  const url = urlOf(request);
  const split = url.indexOf("?");
  const { version, path } = splitVersion(split < 0 ? url : url.slice(0, split), minimum);
  const method = request.method ?? "GET";
  const { route, params } = router.find(method, path);
  const call: Call = {
    method,
    params,
    query: parseQuery(split < 0 ? "" : url.slice(split + 1)),
    version,
    header: (name) => {
      const value = request.headers[name];
      return Array.isArray(value) ? value[0] : value;
    },
    json: () => {
      proceed();
      return readJson(body);
    },
    body: () => {
      proceed();
      return bodyChunks(body);
    },
    signal,
  };
  return { route: route.handle, call };
}

async function print(
  request: IncomingMessage,
  response: ServerResponse,
  reply: Reply,
  version: ApiVersion,
  left: AbortSignal,
): Promise<void> {
  switch (reply.kind) {
    case "json": {
      const body = `${JSON.stringify(asOfVersion(reply.shape, version, reply.body))}\n`;
      response.writeHead(reply.status, {
        "Content-Type": "application/json",
        "Content-Length": Buffer.byteLength(body),
      });
      response.end(body);
      return;
    }
    case "text":
      response.writeHead(reply.status, { ...reply.headers, "Content-Length": Buffer.byteLength(reply.text) });
      response.end(request.method === "HEAD" ? undefined : reply.text);
      return;
    case "empty":
      response.writeHead(reply.status);
      response.end();
      return;
    case "stream":
      return printStream(response, reply, left);
    case "hijack": {
      response.writeHead(200, { "Content-Type": reply.contentType });
      response.flushHeaders();
      await reply.run(bodyConnection(request, response));
      response.end();
      return;
    }
    case "websocket":
      throw new BerthError("invalid-parameter", "not websocket protocol");
  }
}

const HEAD_PAUSE_MS = 20;

/**
 * docker-compat: docker-py reads the head through a buffer that it drops together with whatever came right behind it. No
 * other engine is fast enough to meet that; it gets its first bytes a moment later.
 */
async function headPause(userAgent: string | undefined): Promise<void> {
  if (userAgent?.startsWith("docker-sdk-python") === true)
    await new Promise((resolve) => setTimeout(resolve, HEAD_PAUSE_MS));
}

async function converse(connection: RawConnection, reply: WebSocketReply): Promise<void> {
  const headers = { Upgrade: "websocket", Connection: "Upgrade", "Sec-WebSocket-Accept": reply.accept };
  await connection.write(Buffer.from(headText("101 Switching Protocols", headers)));
  const client = webSocketConnection(connection, reply.messages);
  await reply.run(client);
  await client.finish();
}

/**
 * The answer to a request that offered to upgrade where there is nothing to upgrade to: the offer is ignored (RFC 9110,
 * section 7.8), and the connection ends with the answer.
 */
async function printPlain(
  connection: RawConnection,
  reply: Exclude<Reply, HijackReply | WebSocketReply>,
  version: ApiVersion,
  common: Readonly<Record<string, string>>,
): Promise<void> {
  const send = (status: number, headers: Readonly<Record<string, string>>, body = ""): Promise<boolean> => {
    const head = headText(`${status} ${reason(status)}`, { ...common, ...headers, Connection: "close" });
    return connection.write(Buffer.from(head + body));
  };
  switch (reply.kind) {
    case "json": {
      const body = `${JSON.stringify(asOfVersion(reply.shape, version, reply.body))}\n`;
      await send(reply.status, { "Content-Type": "application/json" }, body);
      return;
    }
    case "text":
      await send(reply.status, reply.headers, reply.text);
      return;
    case "empty":
      await send(reply.status, {});
      return;
    case "stream": {
      const headers = { ...reply.headers, "Content-Type": reply.contentType };
      let opened = reply.eager && (await send(200, headers));
      try {
        for await (const chunk of reply.chunks) {
          opened ||= await send(200, headers);
          if (!(await connection.write(typeof chunk === "string" ? Buffer.from(chunk) : chunk))) return;
        }
        if (!opened) await send(200, headers);
      } catch (error) {
        // Behind the head only the end of the connection can tell.
        if (!opened) throw error;
      }
    }
  }
}

async function printStream(
  response: ServerResponse,
  reply: Extract<Reply, { kind: "stream" }>,
  left: AbortSignal,
): Promise<void> {
  const open = (): void => {
    response.writeHead(200, { ...reply.headers, "Content-Type": reply.contentType });
    response.flushHeaders();
  };
  if (reply.eager) open();
  const iterator = reply.chunks[Symbol.asyncIterator]();
  try {
    for (let first = true; ; first = false) {
      const item = await iterator.next();
      if (first && !reply.eager) open();
      if (item.done === true) break;
      if (!(await writeChunk(response, item.value, left))) break;
    }
  } finally {
    await iterator.return?.();
  }
  response.end();
}

/** Answer with an error, or, when the head has gone out already, cut the connection: the client must not take it for complete. */
function fail(log: Log, request: IncomingMessage, response: ServerResponse, error: unknown): void {
  const { status, body } = describe(log, request, error);
  if (response.destroyed) return;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  if (status === 304) {
    response.writeHead(304);
    response.end();
    return;
  }
  response.writeHead(status, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) });
  response.end(request.method === "HEAD" ? undefined : body);
}

function describe(
  log: Log,
  request: IncomingMessage,
  error: unknown,
): { readonly status: number; readonly body: string } {
  const known = isBerthError(error);
  const status = known ? statusOf[error.kind] : 500;
  const message = known && error.hint !== undefined ? `${error.message} ${error.hint}` : messageOf(error);
  const fields = { method: request.method, url: request.url, status, error: message };
  if (!known) log.error("unexpected failure", { ...fields, stack: error instanceof Error ? error.stack : undefined });
  else if (status >= 500) log.warn("request failed", fields);
  else log.debug("request refused", fields);
  return { status, body: `${JSON.stringify({ message })}\n` };
}

const reasons: Readonly<Record<number, string>> = {
  200: "OK",
  201: "Created",
  204: "No Content",
  301: "Moved Permanently",
  304: "Not Modified",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  409: "Conflict",
  501: "Not Implemented",
  503: "Service Unavailable",
};
const reason = (status: number): string => reasons[status] ?? "Internal Server Error";

function headText(status: string, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status}\r\n${lines.join("")}\r\n`;
}
