import { BerthError, cancelled, isBerthError } from "#base/errors.ts";
import { MessageReader } from "./body-reader.ts";
import type { Dial, Duplex } from "./duplex.ts";
import { bodyFraming, joined, utf8, type ResponseHead } from "./message.ts";

export type RequestBody = string | Uint8Array | AsyncIterable<Uint8Array>;

export interface HttpRequest {
  readonly method: string;
  /** Path and query, already encoded. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A stream is sent chunked; anything else with its length. */
  readonly body?: RequestBody;
  /** Aborting closes the connection; the pending call or read fails with `cancelled`. */
  readonly signal?: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  readonly reason: string;
  readonly headers: ReadonlyMap<string, string>;
  /** The body once, as it arrives. Leaving the loop early closes the connection. */
  body(): AsyncIterable<Uint8Array>;
  bytes(): Promise<Uint8Array>;
  text(): Promise<string>;
}

/** `stream` when the server switched protocols (or answered 200 to the request for it); otherwise the refusal. */
export type UpgradeResult =
  | { readonly kind: "upgraded"; readonly headers: ReadonlyMap<string, string>; readonly stream: Duplex }
  | { readonly kind: "refused"; readonly response: HttpResponse };

export interface HttpClient {
  request(request: HttpRequest): Promise<HttpResponse>;
  /** Sends the request with `Connection: Upgrade, Upgrade: <protocol>` on a connection of its own. */
  upgrade(request: HttpRequest, protocol: string): Promise<UpgradeResult>;
  /** Connects, so that the next request need not; what goes wrong that request is told. */
  prepare(): Promise<void>;
  /** Closes idle connections; running ones finish. */
  close(): void;
}

export interface HttpClientDeps {
  readonly dial: Dial;
  /** The `Host` header. */
  readonly host: string;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A lean HTTP/1.1 client of one server: connections are kept and reused, answers stream, upgrades hand over the wire. */
export function createHttpClient(deps: HttpClientDeps): HttpClient {
  return new PooledHttpClient(deps);
}

interface Connection {
  readonly stream: Duplex;
  readonly reader: MessageReader;
}

class PooledHttpClient implements HttpClient {
  readonly #deps: HttpClientDeps;
  readonly #idle: Connection[] = [];
  #closed = false;

  constructor(deps: HttpClientDeps) {
    this.#deps = deps;
  }

  async request(request: HttpRequest): Promise<HttpResponse> {
    request.signal?.throwIfAborted();
    const kept = this.#idle.pop();
    if (kept !== undefined) {
      // A server may close an idle connection at any moment. An unanswered request on a kept one is sent again on a
      // fresh one when it can be told again (RFC 9112 section 9.3.1).
      try {
        const answer = await this.#exchange(kept, request);
        if (answer !== undefined) return answer;
      } catch (error) {
        if (!isBerthError(error, "unavailable") || !repeatable(request)) throw error;
      }
      if (!repeatable(request)) throw new BerthError("unavailable", "EOF");
    }
    const answer = await this.#exchange(await this.#connect(), request);
    if (answer === undefined) throw new BerthError("unavailable", "EOF");
    return answer;
  }

  async upgrade(request: HttpRequest, protocol: string): Promise<UpgradeResult> {
    const connection = this.#idle.pop() ?? (await this.#connect());
    const headers = { ...request.headers, Connection: "Upgrade", Upgrade: protocol };
    let head: ResponseHead | undefined;
    const done = onAbort(request.signal, connection.stream);
    try {
      await this.#send(connection, { ...request, headers });
      head = await connection.reader.head();
    } catch (error) {
      connection.stream.close();
      throw request.signal?.aborted === true ? cancelled() : error;
    } finally {
      done();
    }
    if (head === undefined) {
      connection.stream.close();
      throw new BerthError("unavailable", "EOF");
    }
    // docker-compat: a daemon may answer 200 and hijack all the same, without any framing.
    const hijacked =
      head.status === 101 || (head.status === 200 && bodyFraming(request.method, head).kind === "until-close");
    if (!hijacked) return { kind: "refused", response: this.#response(connection, request, head) };
    const { stream, reader } = connection;
    return {
      kind: "upgraded",
      headers: head.headers,
      stream: {
        read: () => reader.read(),
        write: (data) => stream.write(data),
        endWrite: () => stream.endWrite(),
        close: () => stream.close(),
      },
    };
  }

  async prepare(): Promise<void> {
    if (this.#idle.length > 0) return;
    try {
      const connection = await this.#connect();
      if (this.#closed) connection.stream.close();
      else this.#keep(connection);
    } catch {
      // The next request meets the same.
    }
  }

  close(): void {
    this.#closed = true;
    for (const connection of this.#idle.splice(0)) connection.stream.close();
  }

  /** An idle connection on which anything arrives was closed by the server (or is out of step): it is dropped. */
  #keep(connection: Connection): void {
    this.#idle.push(connection);
    connection.reader.watch(() => {
      const at = this.#idle.indexOf(connection);
      if (at === -1) return;
      this.#idle.splice(at, 1);
      connection.stream.close();
    });
  }

  async #connect(): Promise<Connection> {
    const stream = await this.#deps.dial();
    return { stream, reader: new MessageReader(stream) };
  }

  async #exchange(connection: Connection, request: HttpRequest): Promise<HttpResponse | undefined> {
    const done = onAbort(request.signal, connection.stream);
    try {
      const sending = this.#send(connection, request);
      // A server may answer before it read the whole body (an error): the answer counts, not the broken pipe.
      const failures: unknown[] = [];
      sending.catch((error: unknown) => {
        failures.push(error);
        // The body itself failed: the server would wait for the rest of it, and we for the server.
        if (!isBerthError(error, "unavailable")) connection.stream.close();
      });
      if (typeof request.body !== "object" || request.body instanceof Uint8Array) await sending;
      const head = await connection.reader.head();
      if (head === undefined) {
        connection.stream.close();
        if (failures.length > 0) await sending;
        return undefined;
      }
      return this.#response(connection, request, head);
    } catch (error) {
      connection.stream.close();
      throw request.signal?.aborted === true ? cancelled() : error;
    } finally {
      done();
    }
  }

  async #send({ stream }: Connection, request: HttpRequest): Promise<void> {
    const { body } = request;
    const headers: Record<string, string> = { Host: this.#deps.host, ...this.#deps.headers, ...request.headers };
    const bytes =
      typeof body === "string" ? new TextEncoder().encode(body) : body instanceof Uint8Array ? body : undefined;
    if (bytes !== undefined) headers["Content-Length"] = String(bytes.length);
    else if (body !== undefined) headers["Transfer-Encoding"] = "chunked";
    else if (request.method !== "GET" && request.method !== "HEAD") headers["Content-Length"] = "0";
    let head = `${request.method} ${request.path} HTTP/1.1\r\n`;
    for (const [name, value] of Object.entries(headers)) head += `${name}: ${value.replace(/[\r\n]+/g, " ")}\r\n`;
    head += "\r\n";
    if (bytes !== undefined) {
      await stream.write(joined([new TextEncoder().encode(head), bytes]));
      return;
    }
    await stream.write(head);
    if (body === undefined || typeof body === "string" || body instanceof Uint8Array) return;
    for await (const chunk of body) {
      if (chunk.length === 0) continue;
      await stream.write(`${chunk.length.toString(16)}\r\n`);
      await stream.write(chunk);
      await stream.write("\r\n");
    }
    await stream.write("0\r\n\r\n");
  }

  #response(connection: Connection, request: HttpRequest, head: ResponseHead): HttpResponse {
    const framing = bodyFraming(request.method, head);
    const reusable = head.keepAlive && framing.kind !== "until-close";
    const finish = (complete: boolean): void => {
      if (complete && reusable && !this.#closed) this.#keep(connection);
      else connection.stream.close();
    };
    if (framing.kind === "none") finish(true);
    const { signal } = request;
    async function* body(): AsyncGenerator<Uint8Array, void> {
      if (framing.kind === "none") return;
      const done = onAbort(signal, connection.stream);
      let complete = false;
      try {
        yield* connection.reader.body(request.method, head);
        complete = signal?.aborted !== true;
        if (!complete) throw cancelled();
      } catch (error) {
        throw signal?.aborted === true ? cancelled() : error;
      } finally {
        done();
        finish(complete);
      }
    }
    const short = async (length: number): Promise<Uint8Array> => {
      const done = onAbort(signal, connection.stream);
      let complete = false;
      try {
        const read = await connection.reader.exactly(length);
        complete = true;
        return read;
      } catch (error) {
        throw signal?.aborted === true ? cancelled() : error;
      } finally {
        done();
        finish(complete);
      }
    };
    const bytes = async (): Promise<Uint8Array> => {
      if (framing.kind === "none") return new Uint8Array(0);
      return framing.kind === "length" ? short(framing.bytes) : joined(await Array.fromAsync(body()));
    };
    return {
      status: head.status,
      reason: head.reason,
      headers: head.headers,
      body,
      bytes,
      text: async () => utf8(await bytes()),
    };
  }
}

function repeatable(request: HttpRequest): boolean {
  const { body, method } = request;
  const told = body === undefined || typeof body === "string" || body instanceof Uint8Array;
  return told && (method === "GET" || method === "HEAD");
}

function onAbort(signal: AbortSignal | undefined, stream: Duplex): () => void {
  if (signal === undefined) return () => {};
  const close = (): void => stream.close();
  signal.addEventListener("abort", close, { once: true });
  return () => signal.removeEventListener("abort", close);
}
