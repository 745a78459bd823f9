import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { rmSync } from "node:fs";
import type { Duplex } from "node:stream";

export interface RecordedRequest {
  readonly method: string;
  /** Path without the version prefix. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface Answer {
  readonly status?: number;
  readonly json?: unknown;
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Takes the connection over after the 101 answer. */
  readonly hijack?: (stream: Duplex, head: Buffer) => void;
  readonly hijackType?: string;
  /** Streams what the function writes. */
  readonly stream?: (response: ServerResponse) => void;
}

/** First match by `METHOD /path` pattern wins; a value may be a function of the request. */
export type Routes = readonly (readonly [RegExp, Answer | ((request: RecordedRequest) => Answer)])[];

export interface FakeEngine {
  readonly socketPath: string;
  readonly host: string;
  readonly requests: RecordedRequest[];
  routes: Routes;
  close(): Promise<void>;
}

/** A daemon made of canned answers on a unix socket, for judging clients. It speaks API 1.50 as dockerd 28.2 does. */
export async function startFakeEngine(socketPath: string, routes: Routes = []): Promise<FakeEngine> {
  rmSync(socketPath, { force: true });
  const engine: { requests: RecordedRequest[]; routes: Routes } = { requests: [], routes };
  const common = {
    "Api-Version": "1.50",
    Ostype: "linux",
    "Docker-Experimental": "false",
    "Builder-Version": "2",
    Server: "Docker/28.2.2 (linux)",
  };

  const handle = async (request: IncomingMessage, body: string): Promise<Answer> => {
    const url = new URL(request.url ?? "/", "http://engine");
    const recorded: RecordedRequest = {
      method: request.method ?? "",
      path: url.pathname.replace(/^\/v\d+\.\d+/, ""),
      query: Object.fromEntries(url.searchParams),
      headers: request.headers,
      body,
    };
    if (recorded.path === "/_ping") return { text: recorded.method === "HEAD" ? "" : "OK" };
    engine.requests.push(recorded);
    const line = `${recorded.method} ${recorded.path}`;
    const found = engine.routes.find(([pattern]) => pattern.test(line))?.[1];
    if (found === undefined) return { status: 404, json: { message: `page not found: ${line}` } };
    return typeof found === "function" ? found(recorded) : found;
  };

  const server = createServer((request, response) => {
    void readBody(request).then(async (body) => {
      const answer = await handle(request, body);
      const content = answer.json === undefined ? (answer.text ?? "") : `${JSON.stringify(answer.json)}\n`;
      const type = answer.json === undefined ? "text/plain" : "application/json";
      response.writeHead(answer.status ?? 200, { ...common, "Content-Type": type, ...answer.headers });
      if (answer.stream !== undefined) answer.stream(response);
      else response.end(request.method === "HEAD" ? undefined : content);
    });
  });
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const length = Number(request.headers["content-length"] ?? "0");
    const body = head.subarray(0, length).toString("utf8");
    void handle(request, body).then((answer) => {
      if (answer.hijack === undefined) {
        const content = `${JSON.stringify(answer.json ?? { message: "not hijacked" })}\n`;
        socket.end(
          `HTTP/1.1 ${String(answer.status ?? 404)} Refused\r\nContent-Type: application/json\r\nContent-Length: ${String(Buffer.byteLength(content))}\r\nConnection: close\r\n\r\n${content}`,
        );
        return;
      }
      const contentType = answer.hijackType ?? "application/vnd.docker.raw-stream";
      socket.write(
        `HTTP/1.1 101 UPGRADED\r\nContent-Type: ${contentType}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nApi-Version: 1.50\r\n\r\n`,
      );
      answer.hijack(socket, head.subarray(length));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(socketPath, resolve);
  });
  return Object.assign(engine, {
    socketPath,
    host: `unix://${socketPath}`,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      rmSync(socketPath, { force: true });
    },
  });
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

/** One frame of a multiplexed stream. */
export function frame(stream: 1 | 2, payload: string): Buffer {
  const bytes = Buffer.from(payload, "utf8");
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
}
