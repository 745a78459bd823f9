import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import type { Server } from "node:http";
import { createConnection, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { silentLog } from "#base/log.ts";
import { createEngine, type Engine } from "#engine/engine.ts";
import { FakeWorld } from "#engine/testing/fake-world.ts";
import { FrameDecoder } from "#spec/docker/stdcopy.ts";
import { createDockerServer } from "./server.ts";

let world: FakeWorld;
let engine: Engine;
let server: Server;
let directory = "";
let path = "";

beforeEach(async () => {
  world = new FakeWorld();
  engine = createEngine(world.deps());
  await engine.reconcile();
  directory = mkdtempSync(`${tmpdir()}/berth-server-`);
  path = `${directory}/s.sock`;
  server = createDockerServer({ engine, log: silentLog, version: "0.1.0" });
  await new Promise<void>((resolve) => server.listen(path, resolve));
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
  rmSync(directory, { recursive: true, force: true });
});

const call = (method: string, url: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
  fetch(`http://localhost${url}`, {
    method,
    unix: path,
    headers: { ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });

async function failure(response: Response): Promise<string> {
  const { message } = (await response.json()) as { message: string };
  return `${response.status} ${message}`;
}

async function create(body: Readonly<Record<string, unknown>>): Promise<string> {
  const response = await call("POST", "/v1.51/containers/create", { Image: "busybox", Cmd: ["true"], ...body });
  expect(response.status).toBe(201);
  return ((await response.json()) as { Id: string }).Id;
}

/** A raw connection, to see and say exactly what goes over the wire. */
class Raw {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #ended = false;
  #wake = (): void => {};

  constructor() {
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

  /** Everything up to the server's end of file. */
  async rest(): Promise<Buffer> {
    while (!this.#ended) await this.#more();
    return this.#received;
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

function upgrade(url: string, body = ""): Raw {
  const raw = new Raw();
  const content = body === "" ? "" : `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
  raw.send(`POST ${url} HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n${content}\r\n${body}`);
  return raw;
}

function frames(bytes: Uint8Array): readonly string[] {
  return [...new FrameDecoder().push(bytes)].map(({ stream, payload }) => `${stream}:${Buffer.from(payload).toString()}`);
}

describe("every answer", () => {
  test("ping says what an old client needs to know, also by HEAD", async () => {
    for (const method of ["GET", "HEAD"]) {
      const response = await call(method, "/_ping");
      expect(response.status).toBe(200);
      expect(await response.text()).toBe(method === "GET" ? "OK" : "");
      const headers = Object.fromEntries(response.headers);
      expect(headers).toMatchObject({
        "api-version": "1.51",
        "docker-experimental": "false",
        ostype: "linux",
        server: "Berth/0.1.0 (linux)",
        "builder-version": "1",
        swarm: "inactive",
        "cache-control": "no-cache, no-store, must-revalidate",
        pragma: "no-cache",
      });
    }
  });

  const texts: readonly (readonly [string, string, string])[] = [
    ["GET", "/v1.99/version", "400 client version 1.99 is too new. Maximum supported API version is 1.51"],
    ["GET", "/v2.0/version", "400 client version 2.0 is too new. Maximum supported API version is 1.51"],
    ["GET", "/v1.10/version", "400 client version 1.10 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version"],
    ["GET", "/nothing", "404 page not found"],
    ["GET", "/v1.51/containers/x/nothing", "404 page not found"],
    ["GET", "/containers/nope/json", "404 No such container: nope"],
    ["GET", "/images/a/b:1/json", "404 No such image: a/b:1"],
    ["GET", "/exec/nope/json", "404 No such exec instance: nope"],
    ["POST", "/build", "501 not supported by this engine yet: POST /build"],
    ["GET", "/containers/%zz/json", "400 invalid URL escape in path"],
    ["GET", "/containers/json?filters=nonsense", "400 invalid filter"],
    ["GET", '/containers/json?filters={"color":["red"]}', "400 invalid filter 'color'"],
    ["GET", '/containers/json?filters={"status":["odd"]}', "400 invalid value for state (odd): must be one of created, dead, exited, paused, removing, restarting, running"],
    ["GET", "/services", '503 This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.'],
  ];
  for (const [method, url, expected] of texts) {
    test(`${method} ${url}`, async () => expect(await failure(await call(method, url))).toBe(expected));
  }

  test("bodies that cannot be", async () => {
    const post = (body: string, headers: Readonly<Record<string, string>> = {}) => call("POST", "/containers/create", body, headers);
    expect(await failure(await post("{"))).toStartWith("400 invalid JSON: ");
    expect(await failure(await post("[]"))).toBe("400 invalid JSON: json: cannot unmarshal array into Go value of type container.CreateRequest");
    expect(await failure(await post('{"Tty":"yes"}'))).toBe("400 invalid JSON: json: cannot unmarshal string into Go struct field CreateRequest.Tty of type bool");
    expect(await failure(await post('{"Image":"busybox","HostConfig":{"Memory":"1g"}}'))).toBe(
      "400 invalid JSON: json: cannot unmarshal string into Go struct field HostConfig.HostConfig.Memory of type int64",
    );
    expect(await failure(await post("null"))).toBe("400 config cannot be empty in order to create a container");
    expect(await failure(await call("POST", "/containers/create"))).toBe("400 invalid JSON: got EOF while reading request body");
    expect(await failure(await post("{}", { "Content-Type": "text/plain" }))).toBe(
      "400 unsupported Content-Type header (text/plain): must be 'application/json'",
    );
    expect(await failure(await post(" ".repeat(9 << 20)))).toBe("400 request body is larger than 8388608 bytes");
    expect((await call("GET", "/_ping")).status).toBe(200);
  });

  test("unknown properties are ignored, names match without regard to case", async () => {
    const id = await create({ cmd: ["echo", "x"], Future: { a: 1 }, HostConfig: { future: 1, autoremove: true } });
    const body = (await (await call("GET", `/containers/${id}/json`)).json()) as { Path: string; HostConfig: { AutoRemove: boolean } };
    expect([body.Path, body.HostConfig.AutoRemove]).toEqual(["echo", true]);
  });

  test("old versions get the shapes they knew", async () => {
    const of = async (version: string): Promise<Readonly<Record<string, unknown>>> =>
      (await (await call("GET", `/v${version}/images/busybox/json`)).json()) as Record<string, unknown>;
    expect(await of("1.43")).toMatchObject({ VirtualSize: 1000, Container: "" });
    expect(Object.keys(await of("1.51"))).not.toContain("VirtualSize");
  });

  test("304 has no body and 204 neither", async () => {
    const id = await create({ Cmd: ["sleep"] });
    expect((await call("POST", `/containers/${id}/stop`)).status).toBe(304);
    const started = await call("POST", `/containers/${id}/start`);
    expect([started.status, await started.text()]).toEqual([204, ""]);
    expect((await call("POST", `/containers/${id}/start`)).status).toBe(304);
    expect((await call("DELETE", `/containers/${id}?force=1`)).status).toBe(204);
  });
});

describe("streams", () => {
  test("wait sends its head before the container ends", async () => {
    const id = await create({ Cmd: ["exit", "3"] });
    const waiting = await call("POST", `/containers/${id}/wait?condition=next-exit`);
    expect(waiting.status).toBe(200);
    await call("POST", `/containers/${id}/start`);
    expect(await waiting.json()).toEqual({ StatusCode: 3 });
    expect(await failure(await call("POST", `/containers/${id}/wait?condition=later`))).toBe('400 invalid condition: "later"');
  });

  test("a client that leaves stops its wait and its events", async () => {
    const id = await create({ Cmd: ["sleep"] });
    const leave = new AbortController();
    const wait = fetch(`http://localhost/containers/${id}/wait?condition=removed`, { method: "POST", unix: path, signal: leave.signal });
    const events = fetch("http://localhost/events", { unix: path, signal: leave.signal });
    const answers = await Promise.all([wait, events]);
    const bodies = answers.map((answer) => answer.text().catch(() => "left"));
    const info = async (): Promise<number> => ((await (await call("GET", "/info")).json()) as { NEventsListener: number }).NEventsListener;
    expect(await info()).toBe(1);
    leave.abort();
    expect(await Promise.all(bodies)).toEqual(["left", "left"]);
    while ((await info()) !== 0) await Bun.sleep(5);
  });

  test("events are one JSON text a line, with the exact nanoseconds", async () => {
    const response = await call("GET", `/events?filters=${encodeURIComponent('{"event":["create"]}')}`);
    const reader = response.body?.getReader();
    const id = await create({});
    const { value } = (await reader?.read()) ?? {};
    await reader?.cancel();
    const text = Buffer.from(value ?? []).toString();
    expect(text.endsWith("}\n")).toBe(true);
    expect(JSON.parse(text)).toMatchObject({ Type: "container", Action: "create", status: "create", id, from: "busybox", scope: "local" });
    expect(text).toMatch(/"timeNano":17\d{17}\}/);
  });

  test("pull: progress lines, and a status when it fails before the first", async () => {
    const good = await call("POST", "/images/create?fromImage=busybox&tag=latest");
    expect(good.status).toBe(200);
    expect(good.headers.get("content-type")).toBe("application/json");
    expect((await good.text()).trim().split("\r\n").map((line) => JSON.parse(line) as unknown)).toEqual([
      { status: "Pulling from library/busybox", id: "latest" },
      { status: "Status: Image is up to date for busybox:latest" },
    ]);
    expect(await failure(await call("POST", "/images/create?fromImage=nope&tag=latest"))).toBe(
      "404 manifest for nope:latest not found: manifest unknown: manifest unknown",
    );
  });
});

describe("hijacked connections", () => {
  test("attach upgrades, frames both outputs, and ends with the process", async () => {
    const id = await create({ Cmd: ["complain", "loudly"], AttachStderr: true });
    const raw = upgrade(`/v1.51/containers/${id}/attach?stream=1&stdout=1&stderr=1`);
    const head = await raw.head();
    expect(head.split("\r\n")[0]).toBe("HTTP/1.1 101 UPGRADED");
    expect(head).toContain("Content-Type: application/vnd.docker.multiplexed-stream\r\nConnection: Upgrade\r\nUpgrade: tcp");
    expect(head).toContain("Api-Version: 1.51");
    await call("POST", `/containers/${id}/start`);
    expect(frames(await raw.rest())).toEqual(["stderr:loudly\n"]);
  });

  test("content types by terminal and version", async () => {
    const typeOf = async (version: string, Tty: boolean): Promise<string | undefined> => {
      const id = await create({ Tty });
      const raw = upgrade(`/v${version}/containers/${id}/attach?stream=1&stdout=1`);
      const head = await raw.head();
      raw.destroy();
      return /Content-Type: (.*)\r\n/.exec(head)?.[1];
    };
    expect(await typeOf("1.41", false)).toBe("application/vnd.docker.raw-stream");
    expect(await typeOf("1.42", false)).toBe("application/vnd.docker.multiplexed-stream");
    expect(await typeOf("1.51", true)).toBe("application/vnd.docker.raw-stream");
  });

  test("half-close gives the process its end of file while its output still comes", async () => {
    const id = await create({ Cmd: ["cat"], OpenStdin: true, StdinOnce: true });
    const raw = upgrade(`/containers/${id}/attach?stream=1&stdin=1&stdout=1`);
    await raw.head();
    await call("POST", `/containers/${id}/start`);
    raw.send("one\n");
    await raw.until("one\n");
    raw.send("two\n");
    raw.halfClose();
    expect(frames(await raw.rest())).toEqual(["stdout:one\n", "stdout:two\n"]);
  });

  test("input sent together with the request, before the start, is not lost", async () => {
    const id = await create({ Cmd: ["cat"], OpenStdin: true, StdinOnce: true });
    const raw = new Raw();
    raw.send(`POST /containers/${id}/attach?stream=1&stdin=1&stdout=1 HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nearly\n`);
    raw.halfClose();
    await raw.head();
    await call("POST", `/containers/${id}/start`);
    expect(frames(await raw.rest())).toEqual(["stdout:early\n"]);
  });

  test("without the wish to upgrade the answer is a plain stream", async () => {
    const id = await create({ Cmd: ["echo", "plain"] });
    const response = await call("POST", `/containers/${id}/attach?stream=1&stdout=1`);
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/vnd.docker.multiplexed-stream"]);
    await call("POST", `/containers/${id}/start`);
    expect(frames(new Uint8Array(await response.arrayBuffer()))).toEqual(["stdout:plain\n"]);
  });

  test("the detach keys end a terminal's connection and leave the process alone", async () => {
    const id = await create({ Cmd: ["cat"], OpenStdin: true, Tty: true });
    const raw = upgrade(`/containers/${id}/attach?stream=1&stdin=1&stdout=1&detachKeys=ctrl-a,x`);
    await raw.head();
    await call("POST", `/containers/${id}/start`);
    raw.send(Uint8Array.of(1, 0x79));
    await raw.until("y");
    raw.send(Uint8Array.of(1, 0x78));
    await raw.rest();
    const { State } = (await (await call("GET", `/containers/${id}/json`)).json()) as { State: { Running: boolean } };
    expect(State.Running).toBe(true);
    await call("POST", `/containers/${id}/kill`);
  });

  test("a refusal is an ordinary answer, and the connection is closed", async () => {
    const raw = upgrade("/containers/nope/attach?stream=1");
    const head = await raw.head();
    expect(head.split("\r\n")[0]).toBe("HTTP/1.1 404 Not Found");
    expect(JSON.parse((await raw.rest()).toString())).toEqual({ message: "No such container: nope" });
  });

  test("exec: output, exit code, and a failure to start told on the stream", async () => {
    const id = await create({ Cmd: ["sleep"] });
    await call("POST", `/containers/${id}/start`);
    const exec = async (Cmd: readonly string[]): Promise<string> =>
      ((await (await call("POST", `/containers/${id}/exec`, { Cmd, AttachStdout: true, AttachStderr: true })).json()) as { Id: string }).Id;
    const run = async (execId: string): Promise<readonly string[]> => {
      const raw = upgrade(`/exec/${execId}/start`, '{"Detach":false,"Tty":false}');
      expect(await raw.head()).toStartWith("HTTP/1.1 101 UPGRADED");
      return frames(await raw.rest());
    };
    const good = await exec(["echo", "in"]);
    expect(await run(good)).toEqual(["stdout:in\n"]);
    expect(await failure(await call("POST", `/exec/${good}/start`, {}))).toBe(`409 exec command ${good} has already run`);
    const bad = await exec(["nope"]);
    expect(await run(bad)).toEqual([
      'stdout:OCI runtime exec failed: exec failed: unable to start container process: exec: "nope": executable file not found in $PATH: unknown\r\n',
    ]);
    expect(await (await call("GET", `/exec/${bad}/json`)).json()).toMatchObject({ ExitCode: 127, Running: false });
    await call("POST", `/containers/${id}/kill`);
  });

  test("resize reaches the terminal; nonsense does not", async () => {
    const id = await create({ Cmd: ["sleep"], Tty: true });
    await call("POST", `/containers/${id}/start`);
    expect((await call("POST", `/containers/${id}/resize?h=24&w=80`)).status).toBe(200);
    expect([...world.launcher.processes.values()].at(-1)?.sizes).toEqual([[24, 80]]);
    expect((await call("POST", `/containers/${id}/resize?h=x&w=80`)).status).toBe(400);
    expect((await call("POST", `/containers/${id}/resize`)).status).toBe(400);
    await call("POST", `/containers/${id}/kill`);
  });
});
