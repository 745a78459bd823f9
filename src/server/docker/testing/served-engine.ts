import type { Server } from "node:http";
import { createConnection, type Socket } from "node:net";
import { randomHex } from "#base/ids.ts";
import { silentLog } from "#base/log.ts";
import { createEngine, type Engine } from "#engine/engine.ts";
import { acceptFor, listenOnFd } from "#host/handed-listener.ts";
import { openUnixSocket } from "#host/listening-socket.ts";
import { removeFile } from "#host/files.ts";
import { duplicate } from "#host/syscalls.ts";
import { FakeWorld } from "#engine/testing/fake-world.ts";
import { createDockerServer } from "../server.ts";

/** The API over an in-memory world, listening on a real unix socket. */
export class ServedEngine {
  readonly world: FakeWorld;
  readonly engine: Engine;
  readonly path: string;
  readonly #server: Server;
  #stopAccepting: (() => void) | undefined;

  private constructor(world: FakeWorld, engine: Engine, server: Server, path: string) {
    this.world = world;
    this.engine = engine;
    this.#server = server;
    this.path = path;
  }

  /** `handed`: connections come from a socket that somebody else made, as from systemd. */
  static async open(transport: "unix" | "handed" = "unix"): Promise<ServedEngine> {
    const world = new FakeWorld();
    const engine = createEngine(world.deps());
    await engine.reconcile();
    const server = createDockerServer({ engine, log: silentLog, version: "0.1.0" }, { kind: transport });
    const served = new ServedEngine(world, engine, server, `/tmp/berth-server-${randomHex(6)}.sock`);
    if (transport === "unix") await new Promise<void>((resolve) => server.listen(served.path, resolve));
    else await served.#accept();
    return served;
  }

  async #accept(): Promise<void> {
    const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
    const socket = await openUnixSocket({ path: this.path, mode: 0o600, ...owner });
    const acceptor = acceptFor(this.#server, { headTimeoutMs: 1000 });
    const listener = await listenOnFd(acceptor.listener, duplicate(socket.fd));
    this.#stopAccepting = () => {
      listener.close();
      socket.close();
      removeFile(`${this.path}.lock`);
    };
  }

  /** The server takes its socket's name with it. */
  async close(): Promise<void> {
    if (this.#stopAccepting !== undefined) return this.#stopAccepting();
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  /** `body`: a string as it is, anything else as JSON. */
  call(method: string, url: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return fetch(`http://localhost${url}`, {
      method,
      unix: this.path,
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
    const raw = new RawClient(this.path);
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

  constructor(path: string) {
    this.#socket = createConnection({ path, allowHalfOpen: true });
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
