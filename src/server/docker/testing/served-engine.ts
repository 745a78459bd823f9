import { createConnection, type Socket } from "node:net";
import { randomHex } from "#base/ids.ts";
import { silentLog } from "#base/log.ts";
import { createEngine, type Engine } from "#engine/engine.ts";
import { removeFile } from "#host/files/files.ts";
import { openTcpSocket, openUnixSocket } from "#host/sockets/listening-socket.ts";
import { portOf } from "#host/sockets/testing/port-of.ts";
import { serveHttp } from "#host/web/serve-http.ts";
import { duplicate } from "#host/kernel/syscalls.ts";
import { FakeWorld } from "#engine/testing/fake-world.ts";
import { createDockerServer } from "../server.ts";

/** Where a client finds it: a path or a port of this machine. */
type Place = { readonly path: string } | { readonly port: number };

/** The API over an in-memory world, listening on a real socket. */
export class ServedEngine {
  readonly world: FakeWorld;
  readonly engine: Engine;
  readonly place: Place;
  readonly #close: () => void;

  private constructor(world: FakeWorld, engine: Engine, place: Place, close: () => void) {
    this.world = world;
    this.engine = engine;
    this.place = place;
    this.#close = close;
  }

  static async open(transport: "unix" | "tcp" = "unix"): Promise<ServedEngine> {
    const world = new FakeWorld();
    const engine = createEngine(world.deps());
    await engine.reconcile();
    const service = createDockerServer({ engine, log: silentLog, version: "0.1.0" });
    const path = `/tmp/berth-server-${randomHex(6)}.sock`;
    const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
    const socket = await (transport === "unix"
      ? openUnixSocket({ path, mode: 0o600, ...owner })
      : openTcpSocket({ host: "127.0.0.1", port: 0 }));
    const place = transport === "unix" ? { path } : { port: portOf(socket.fd) };
    const acceptor = serveHttp(duplicate(socket.fd), service, { headTimeoutMs: 1000 });
    return new ServedEngine(world, engine, place, () => {
      acceptor.close();
      socket.close();
      removeFile(`${path}.lock`);
    });
  }

  close(): void {
    this.#close();
  }

  /** `body`: a string as it is, anything else as JSON. */
  call(
    method: string,
    url: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
    signal?: AbortSignal,
  ): Promise<Response> {
    const base = "port" in this.place ? `http://127.0.0.1:${this.place.port}` : "http://localhost";
    return fetch(`${base}${url}`, {
      method,
      ...(signal === undefined ? {} : { signal }),
      ...("path" in this.place ? { unix: this.place.path } : {}),
      headers: { ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
  }

  /** Status and message of a refusal, as one text. */
  async failure(
    method: string,
    url: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    const response = await this.call(method, url, body, headers);
    const { message } = (await response.json()) as { message: string };
    return `${response.status} ${message}`;
  }

  /** A container that is to run `true` unless `body` says otherwise; its id. */
  async create(body: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const response = await this.call("POST", "/v1.51/containers/create", { Image: "busybox", Cmd: ["true"], ...body });
    const answer = (await response.json()) as { Id?: string; message?: string };
    if (answer.Id === undefined) throw new Error(`${response.status} ${answer.message}`);
    return answer.Id;
  }

  /** Send a request that asks to upgrade. */
  upgrade(url: string, body = ""): RawClient {
    const raw = new RawClient(this.place);
    const content = body === "" ? "" : `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
    raw.send(`POST ${url} HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n${content}\r\n${body}`);
    return raw;
  }
}

/** A raw connection, to see and say exactly what goes over the wire. */
export class RawClient {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #ended = false;
  #wake = (): void => {};

  constructor(place: Place) {
    this.#socket = createConnection({ ...place, allowHalfOpen: true });
    this.#socket.on("data", (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    const end = (): void => {
      this.#ended = true;
      this.#wake();
    };
    this.#socket.on("end", end);
    this.#socket.on("close", end);
    this.#socket.on("error", end);
  }

  send(text: string | Uint8Array): void {
    this.#socket.write(text);
  }

  halfClose(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** The response head, once it is complete. */
  async head(): Promise<string> {
    for (;;) {
      const end = this.#received.indexOf("\r\n\r\n");
      if (end >= 0) {
        const head = this.#received.subarray(0, end).toString();
        this.#received = this.#received.subarray(end + 4);
        return head;
      }
      if (this.#ended) throw new Error(`no head: ${this.#received.toString()}`);
      await this.#more();
    }
  }

  /** Everything up to the server's end of file; closes this side too. */
  async rest(): Promise<Buffer> {
    while (!this.#ended) await this.#more();
    this.#socket.destroy();
    return this.#received;
  }

  /** The next `length` bytes. */
  async take(length: number): Promise<string> {
    while (this.#received.length < length && !this.#ended) await this.#more();
    const bytes = this.#received.subarray(0, length);
    this.#received = this.#received.subarray(length);
    return bytes.toString();
  }

  async until(text: string): Promise<void> {
    while (!this.#received.includes(text)) {
      if (this.#ended) throw new Error(`ended before ${text}: ${this.#received.toString()}`);
      await this.#more();
    }
  }

  #more(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }
}
