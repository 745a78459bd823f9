import { afterEach, describe, expect, test } from "bun:test";
import type { Duplex } from "./duplex.ts";
import { readAll } from "./duplex.ts";
import { createHttpClient, type HttpClient } from "./http-client.ts";

/** The server's side of a connection: what it was sent, and what it sends. */
class FakeConnection implements Duplex {
  received = "";
  closed = false;
  ended = false;
  readonly #pending: (Uint8Array | undefined)[] = [];
  #reader: ((chunk: Uint8Array | undefined) => void) | undefined;
  onWrite: (received: string, connection: FakeConnection) => void = () => {};

  send(text: string | undefined): void {
    const chunk = text === undefined ? undefined : new TextEncoder().encode(text);
    const reader = this.#reader;
    this.#reader = undefined;
    if (reader === undefined) this.#pending.push(chunk);
    else reader(chunk);
  }

  read(): Promise<Uint8Array | undefined> {
    if (this.#pending.length > 0) return Promise.resolve(this.#pending.shift());
    if (this.closed) return Promise.resolve(undefined);
    return new Promise((resolve) => (this.#reader = resolve));
  }

  write(data: Uint8Array | string): Promise<void> {
    this.received += typeof data === "string" ? data : new TextDecoder().decode(data);
    this.onWrite(this.received, this);
    return Promise.resolve();
  }

  endWrite(): Promise<void> {
    this.ended = true;
    return Promise.resolve();
  }

  close(): void {
    this.closed = true;
    this.#reader?.(undefined);
  }
}

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

let client: HttpClient | undefined;
afterEach(() => client?.close());

/** A client whose connections answer with `answers`, one an exchange, cut into pieces of `cut` bytes. */
function clientOf(
  answers: readonly string[],
  cut = 1000,
): { readonly http: HttpClient; readonly connections: FakeConnection[] } {
  const connections: FakeConnection[] = [];
  const rest = [...answers];
  const http = createHttpClient({
    host: "engine",
    dial: () => {
      const connection = new FakeConnection();
      let seen = 0;
      connection.onWrite = (received) => {
        const end = received.indexOf("\r\n\r\n", seen);
        if (end === -1) return;
        seen = received.length;
        const answer = rest.shift() ?? "";
        for (let at = 0; at < answer.length; at += cut) connection.send(answer.slice(at, at + cut));
      };
      connections.push(connection);
      return Promise.resolve(connection);
    },
  });
  client = http;
  return { http, connections };
}

describe.each([1, 3, 1000])("answers cut every %d bytes", (cut) => {
  test("by length, and the connection is used again", async () => {
    const answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: 1\r\nX-A: 2\r\n\r\nhello";
    const { http, connections } = clientOf([answer, answer], cut);
    const response = await http.request({ method: "GET", path: "/a" });
    expect(response.headers.get("x-a")).toBe("1, 2");
    expect(await response.text()).toBe("hello");
    expect(await (await http.request({ method: "POST", path: "/b", body: "{}" })).text()).toBe("hello");
    expect(connections).toHaveLength(1);
    expect(connections[0]?.received).toBe(
      "GET /a HTTP/1.1\r\nHost: engine\r\n\r\nPOST /b HTTP/1.1\r\nHost: engine\r\nContent-Length: 2\r\n\r\n{}",
    );
  });

  test("chunked, with an extension and a trailer", async () => {
    const answer =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n1\r\n!\r\n0\r\nTrailer: t\r\n\r\n";
    const { http } = clientOf([answer, "HTTP/1.1 204 No Content\r\n\r\n"], cut);
    expect(await (await http.request({ method: "GET", path: "/" })).text()).toBe("hello!");
    expect((await http.request({ method: "DELETE", path: "/" })).status).toBe(204);
  });

  test("an informational answer is passed over", async () => {
    const { http } = clientOf(
      ["HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok"],
      cut,
    );
    const response = await http.request({ method: "POST", path: "/", body: "x" });
    expect([response.status, await response.text()]).toEqual([201, "ok"]);
  });

  test("after an upgrade the bytes that came with the head are not lost", async () => {
    const { http, connections } = clientOf(
      ["HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nearly"],
      cut,
    );
    const result = await http.upgrade({ method: "POST", path: "/attach" }, "tcp");
    if (result.kind !== "upgraded") throw new Error("refused");
    await result.stream.write("typed");
    await result.stream.endWrite();
    connections[0]?.send(" late");
    connections[0]?.send(undefined);
    const chunks = await Array.fromAsync(readAll(result.stream));
    expect(Buffer.concat(chunks).toString()).toBe("early late");
    expect(connections[0]?.received.endsWith("\r\n\r\ntyped")).toBe(true);
    expect(connections[0]?.ended).toBe(true);
  });
});

test("what is prepared is used by the next request, and by it alone", async () => {
  const { http, connections } = clientOf([OK, OK]);
  await http.prepare();
  await http.prepare();
  expect(connections).toHaveLength(1);
  const answers = [http.request({ method: "GET", path: "/a" }), http.request({ method: "GET", path: "/b" })];
  expect(await Promise.all(answers.map(async (answer) => (await answer).text()))).toEqual(["ok", "ok"]);
  expect(connections).toHaveLength(2);
});

test("what cannot be prepared is told by the request", async () => {
  const http = createHttpClient({ host: "engine", dial: () => Promise.reject(new Error("nobody there")) });
  await http.prepare();
  await expect(http.request({ method: "GET", path: "/" })).rejects.toThrow("nobody there");
});

test("a client that is closed meanwhile keeps nothing that was prepared", async () => {
  const { http, connections } = clientOf([]);
  const preparing = http.prepare();
  http.close();
  await preparing;
  expect(connections.map(({ closed }) => closed)).toEqual([true]);
});

test("a refused upgrade is an answer like any other", async () => {
  const { http } = clientOf(["HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone"]);
  const result = await http.upgrade({ method: "POST", path: "/attach" }, "tcp");
  expect(result.kind === "refused" && (await result.response.text())).toBe("gone");
});

test("a stream is sent chunked", async () => {
  const { http, connections } = clientOf(["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"]);
  async function* body(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("abc");
    yield Buffer.from("0123456789abcdef");
  }
  await (await http.request({ method: "PUT", path: "/", body: body() })).bytes();
  await Bun.sleep(0);
  expect(connections[0]?.received).toContain("3\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n");
});

test("a connection that the server closed while it was idle is not used again", async () => {
  const answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  const { http, connections } = clientOf([answer, answer]);
  await (await http.request({ method: "GET", path: "/" })).bytes();
  connections[0]?.send(undefined);
  await Bun.sleep(0);
  await (await http.request({ method: "POST", path: "/" })).bytes();
  expect(connections).toHaveLength(2);
  expect(connections[0]?.closed).toBe(true);
});

test("a body that cannot be given ends the exchange, for its own reason", async () => {
  const { http, connections } = clientOf([]);
  async function* body(): AsyncGenerator<Uint8Array> {
    yield new TextEncoder().encode("half");
    throw new Error("open x: no such file or directory");
  }
  const sent = http.request({ method: "POST", path: "/", body: body() });
  await expect(sent).rejects.toThrow("open x: no such file or directory");
  expect(connections[0]?.closed).toBe(true);
});

test("a body that is not read to its end costs the connection", async () => {
  const { http, connections } = clientOf(["HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234"]);
  for await (const chunk of (await http.request({ method: "GET", path: "/" })).body()) {
    expect(chunk.length).toBe(5);
    break;
  }
  expect(connections[0]?.closed).toBe(true);
});

test("aborting ends a streaming answer", async () => {
  const { http, connections } = clientOf(["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n"]);
  const abort = new AbortController();
  const response = await http.request({ method: "GET", path: "/events", signal: abort.signal });
  const read = Array.fromAsync(response.body());
  await Bun.sleep(0);
  abort.abort();
  expect(read).rejects.toMatchObject({ kind: "cancelled" });
  expect(connections[0]?.closed).toBe(true);
});

test.each([
  ["nonsense\r\n\r\n", "data-loss"],
  ["HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "data-loss"],
  ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "data-loss"],
])("broken answer %j", async (answer, kind) => {
  const { http } = clientOf([answer]);
  const ask = async (): Promise<string> => (await http.request({ method: "GET", path: "/" })).text();
  expect(ask()).rejects.toMatchObject({ kind });
});
