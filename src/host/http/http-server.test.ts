import { expect, test } from "bun:test";
import { isBerthError } from "#base/errors.ts";
import type { DuplexWatcher, WatchedDuplex } from "./duplex.ts";
import type { Exchange } from "./exchange.ts";
import { serveConnection } from "./http-server.ts";
import { ReadQueue } from "./read-queue.ts";

/** The server's side of a connection, and what a client does with the other. */
class FakeClient implements WatchedDuplex {
  received = "";
  isEnded = false;
  isClosed = false;
  readonly #incoming = new ReadQueue({ pause: () => undefined, resume: () => undefined });
  #watcher: DuplexWatcher | undefined;

  send(text: string): void {
    this.#incoming.push(Buffer.from(text));
  }

  /** Say that this was all. */
  halfClose(): void {
    this.#incoming.end();
    this.#watcher?.onEnd();
  }

  leave(): void {
    this.isClosed = true;
    this.halfClose();
    this.#watcher?.onGone();
  }

  read(): Promise<Uint8Array | undefined> {
    return this.#incoming.pull();
  }

  async write(data: Uint8Array | string): Promise<void> {
    if (this.isClosed) throw new Error("broken pipe");
    this.received += typeof data === "string" ? data : Buffer.from(data).toString();
  }

  async endWrite(): Promise<void> {
    this.isEnded = true;
  }

  close(): void {
    this.isClosed = true;
    this.#incoming.end();
  }

  watch(watcher: DuplexWatcher): void {
    this.#watcher = watcher;
  }

  /** What was received, without what changes. */
  get answers(): string {
    return this.received.replace(/Date: [^\r]*\r\n/g, "").replaceAll("\r\n", "|");
  }
}

interface Served {
  readonly client: FakeClient;
  /** The server has let go of the connection. */
  readonly over: Promise<void>;
}

function serve(
  handle: (exchange: Exchange) => Promise<void>,
  options: { readonly endMeansGone?: boolean; readonly headTimeoutMs?: number } = {},
): Served {
  const client = new FakeClient();
  const service = { headers: { Server: "s" }, handle };
  return { client, over: serveConnection(client, service, { endMeansGone: false, headTimeoutMs: 60_000, ...options }) };
}

const request = (line: string, headers = "", body = ""): string =>
  `${line} HTTP/1.1\r\nHost: e\r\n${headers}\r\n${body}`;
const chunked = "Transfer-Encoding: chunked\r\n";
const answer = (text: string): string => `HTTP/1.1 200 OK|Server: s|Content-Length: ${text.length}||${text}`;
const echo = async (exchange: Exchange): Promise<void> => {
  const body = await exchange.wholeBody(100);
  await exchange.send(200, {}, body === undefined ? "too large" : Buffer.from(body).toString());
};

test("requests in any pieces are answered in their order on one connection", async () => {
  const text =
    request("POST /1", "Content-Length: 3\r\n", "one") +
    request("POST /2", chunked, "2\r\ntw\r\n1;x=y\r\no\r\n0\r\nTrailer: t\r\n\r\n") +
    request("GET /3");
  for (const size of [1, 7, text.length]) {
    const { client, over } = serve(echo);
    for (let at = 0; at < text.length; at += size) client.send(text.slice(at, at + size));
    client.halfClose();
    await over;
    expect(client.answers).toBe(answer("one") + answer("two") + answer(""));
  }
});

test("a body that nobody reads is passed over; too much of one ends the connection", async () => {
  const ignoring = (exchange: Exchange): Promise<void> => exchange.send(200, {}, exchange.request.target);
  const kept = serve(ignoring);
  kept.client.send(request("POST /1", "Content-Length: 3\r\n", "one") + request("GET /2"));
  kept.client.halfClose();
  await kept.over;
  expect(kept.client.answers).toBe(answer("/1") + answer("/2"));
  const ended = serve(ignoring);
  ended.client.send(request("POST /1", `Content-Length: ${1 << 24}\r\n`, "a".repeat(9 << 20)));
  ended.client.halfClose();
  await ended.over;
  expect([ended.client.answers, ended.client.isEnded]).toEqual([answer("/1"), true]);
});

test("who stops reading a body early leaves the rest in its place", async () => {
  const { client, over } = serve(async (exchange) => {
    for await (const _ of exchange.body()) break;
    await exchange.send(200, {}, exchange.request.target);
  });
  client.send(request("POST /1", chunked, "1\r\na\r\n1\r\nb\r\n0\r\n\r\n") + request("GET /2"));
  client.halfClose();
  await over;
  expect(client.answers).toBe(answer("/1") + answer("/2"));
});

test("a body in which the client leaves, and one that is malformed", async () => {
  const kinds: unknown[] = [];
  const reading = async (exchange: Exchange): Promise<void> => {
    try {
      await exchange.wholeBody(100);
    } catch (error) {
      kinds.push(isBerthError(error) ? error.kind : error);
      await exchange.send(400, {});
    }
  };
  for (const [headers, body] of [
    ["Content-Length: 5\r\n", "abc"],
    [chunked, "3\r\nab"],
    [chunked, "zz\r\n"],
  ] as const) {
    const { client, over } = serve(reading);
    client.send(request("POST /", headers, body));
    client.halfClose();
    await over;
    expect(client.answers).toBe("HTTP/1.1 400 Bad Request|Server: s|Connection: close|Content-Length: 0||");
  }
  expect(kinds).toEqual(["cancelled", "cancelled", "invalid-parameter"]);
});

test("answers of unknown length are chunked, and to HTTP/1.0 end with the connection", async () => {
  const streaming = async (exchange: Exchange): Promise<void> => {
    exchange.open({ "Content-Type": "t" });
    for (const piece of ["ab", "", "c"]) expect(await exchange.write(piece)).toBe(true);
    await exchange.end();
  };
  const { client, over } = serve(streaming);
  client.send(request("GET /") + "GET / HTTP/1.0\r\n\r\n");
  client.halfClose();
  await over;
  expect(client.answers).toBe(
    "HTTP/1.1 200 OK|Server: s|Content-Type: t|Transfer-Encoding: chunked||2|ab|1|c|0||" +
      "HTTP/1.1 200 OK|Server: s|Content-Type: t|Connection: close||abc",
  );
});

test("what has no body by its status or method is sent without", async () => {
  const { client, over } = serve((exchange) => exchange.send(Number(exchange.request.target.slice(1)), {}, "text"));
  client.send(request("HEAD /200") + request("GET /204") + request("GET /304"));
  client.halfClose();
  await over;
  expect(client.answers).toBe(
    "HTTP/1.1 200 OK|Server: s|Content-Length: 4||HTTP/1.1 204 No Content|Server: s||HTTP/1.1 304 Not Modified|Server: s||",
  );
});

test("the body is asked for when it is wanted; where it was not, no other request follows", async () => {
  const awaited = serve(echo);
  awaited.client.send(request("POST /", "Expect: 100-continue\r\nContent-Length: 2\r\n"));
  while (!awaited.client.received.includes("100 Continue")) await Promise.resolve();
  awaited.client.send("ok");
  awaited.client.halfClose();
  await awaited.over;
  expect(awaited.client.answers).toBe(`HTTP/1.1 100 Continue||${answer("ok")}`);
  const unwanted = serve((exchange) => exchange.send(404, {}));
  unwanted.client.send(request("POST /", "Expect: 100-continue\r\nContent-Length: 2\r\n", "ok") + request("GET /"));
  unwanted.client.halfClose();
  await unwanted.over;
  expect(unwanted.client.answers).toBe("HTTP/1.1 404 Not Found|Server: s|Connection: close|Content-Length: 0||");
});

test("a connection taken over begins behind the request's body", async () => {
  const { client, over } = serve(async (exchange) => {
    const raw = await exchange.takeOver("101 UPGRADED", { Upgrade: "tcp" }, true);
    for await (const bytes of raw.readable) await raw.write(Buffer.from(Buffer.from(bytes).toString().toUpperCase()));
    expect(raw.gone.aborted).toBe(false);
  });
  client.send(request("POST /", "Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 2\r\n", "{}over"));
  client.send(" and out");
  client.halfClose();
  await over;
  expect(client.answers).toBe("HTTP/1.1 101 UPGRADED|Upgrade: tcp|Server: s||OVER AND OUT");
});

test("who closes their side has left on TCP alone; who is gone has left", async () => {
  const begun = Promise.withResolvers<Exchange>();
  const untilLeft = async (exchange: Exchange): Promise<void> => {
    begun.resolve(exchange);
    const { signal } = exchange;
    if (!signal.aborted) await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
  };
  const { client, over } = serve(untilLeft);
  client.send(request("GET /"));
  const exchange = await begun.promise;
  client.halfClose();
  expect(exchange.signal.aborted).toBe(false);
  client.leave();
  await over;
  // Also when the end came together with the request.
  const overTcp = serve(untilLeft, { endMeansGone: true });
  overTcp.client.send(request("GET /"));
  overTcp.client.halfClose();
  await overTcp.over;
});

test("an answer that is not complete ends the connection without a word", async () => {
  for (const handle of [
    async () => undefined,
    async (exchange: Exchange) => {
      exchange.open({});
      await exchange.write("a");
      exchange.cut();
    },
  ]) {
    const { client, over } = serve(handle);
    client.send(request("GET /") + request("GET /"));
    await over;
    expect(client.received.endsWith("0\r\n\r\n")).toBe(false);
    expect(client.isClosed).toBe(true);
  }
});

test("a connection on which no request comes is closed", async () => {
  const { client, over } = serve(echo, { headTimeoutMs: 10 });
  client.send("GET / HTTP/1.1\r\nHo");
  await over;
  expect([client.received, client.isClosed]).toEqual(["", true]);
});
