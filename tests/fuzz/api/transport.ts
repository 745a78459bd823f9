import type { Random } from "./random.ts";
import type { RawOptions } from "./raw-http.ts";

export interface TransportCase {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly options: RawOptions;
}

const request = (line: string, ...headers: readonly string[]): string =>
  `${line} HTTP/1.1\r\nHost: engine\r\n${headers.map((header) => `${header}\r\n`).join("")}\r\n`;
const upgrade = ["Connection: Upgrade", "Upgrade: tcp"];

/** Requests that are broken below HTTP's meaning: cut off, slow, contradictory, more than was asked for. */
export function transportCases(random: Random): readonly TransportCase[] {
  const noise = (size: number): Buffer => Buffer.from(Array.from({ length: size }, () => random.below(256)));
  const text = (name: string, bytes: string | Uint8Array, options: RawOptions = {}): TransportCase => ({
    name,
    bytes: typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes,
    options: { timeoutMs: 700, ...options },
  });
  const create = request("POST /containers/create", "Content-Type: application/json", "Content-Length: 400");
  const attach = (query: string, ...headers: readonly string[]): string =>
    request(`POST /containers/runs/attach?${query}`, "Content-Length: 0", ...headers);
  return [
    text("nothing at all", ""),
    text("nothing, closed", "", { halfClose: true }),
    text("noise", noise(500)),
    text("half a request line", "GET /_pi"),
    text("half a head, closed", "GET /_ping HTTP/1.1\r\nHost: e", { halfClose: true }),
    text("a whole request, closed", request("GET /_ping"), { halfClose: true }),
    text("another protocol", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    text("another version", "GET /_ping HTTP/9.9\r\nHost: engine\r\n\r\n"),
    text("HTTP/1.0", "GET /_ping HTTP/1.0\r\n\r\n"),
    text("no host", "GET /_ping HTTP/1.1\r\n\r\n"),
    text("an unknown method", request("BREW /_ping")),
    text("CONNECT", request("CONNECT engine:80")),
    text("OPTIONS", request("OPTIONS /containers/json")),
    text("a header of 100 kB", request("GET /_ping", `X-A: ${"a".repeat(100_000)}`)),
    text("a path of 100 kB", request(`GET /${"a".repeat(100_000)}`)),
    text("2,000 headers", request("GET /_ping", ...Array.from({ length: 2000 }, (_, index) => `X-${index}: a`))),
    text("a control character in a header", request("GET /_ping", "X-A: a\0b")),
    text("bytes behind ASCII in a header", request("GET /_ping", "X-A: \xff\xfe")),
    text("less body than announced", `${create}{"Image":`),
    text("less body than announced, closed", `${create}{"Image":`, { halfClose: true }),
    text("a length that is no number", request("POST /containers/create", "Content-Length: ten")),
    text("a negative length", request("POST /containers/create", "Content-Length: -1")),
    text("a length beyond all memory", request("POST /containers/create", "Content-Length: 99999999999999999999")),
    text("two lengths", request("POST /containers/create", "Content-Length: 2", "Content-Length: 3") + "{}"),
    text("a length and chunks", request("POST /auth", "Content-Length: 2", "Transfer-Encoding: chunked") + "0\r\n\r\n"),
    text("a bad chunk", `${request("POST /containers/create", "Transfer-Encoding: chunked")}zz\r\nabc\r\n`),
    text("a chunk that never ends", `${request("POST /containers/create", "Transfer-Encoding: chunked")}ffffff\r\nabc`),
    text("an unknown transfer coding", request("POST /auth", "Transfer-Encoding: gzip")),
    text("slow bytes", request("GET /_ping"), { pieces: { size: 3, pauseMs: 15 } }),
    text("a slow body", `${create}${"{".repeat(100)}`, { pieces: { size: 40, pauseMs: 20 } }),
    text("requests behind one another", request("GET /_ping").repeat(20)),
    text("garbage behind a request", request("GET /_ping") + noise(300).toString("latin1")),
    text("garbage behind a request that closes", request("GET /_ping", "Connection: close") + "garbage"),
    text("a continuation that is awaited", request("POST /auth", "Content-Length: 2", "Expect: 100-continue")),
    text("an unknown expectation", request("POST /auth", "Content-Length: 2", "Expect: wonders") + "{}"),
    text("an upgrade to something else", request("GET /_ping", "Connection: Upgrade", "Upgrade: nonsense")),
    text(
      "an upgrade without a protocol",
      request("POST /containers/runs/attach?stream=1&stdout=1", "Connection: Upgrade"),
    ),
    text("an attach that is left at once", attach("stream=1&stdout=1&stdin=1", ...upgrade), { timeoutMs: 60 }),
    text("an attach that half-closes", attach("stream=1&stdout=1&stdin=1", ...upgrade), { halfClose: true }),
    text("an attach with garbage behind it", attach("stream=1&stdin=1", ...upgrade) + noise(9000).toString("latin1")),
    text("an attach without an upgrade", attach("stream=1&stdout=1"), { timeoutMs: 100 }),
    text("an attach to what ended", request("POST /containers/ended/attach?stream=1&stdout=1", ...upgrade)),
    text("an attach to what never ran", request("POST /containers/made/attach?stream=1&stdout=1", ...upgrade), {
      timeoutMs: 100,
    }),
    text("an attach to nothing", request("POST /containers/nosuch/attach?stream=1", ...upgrade)),
    text("logs that are left", request("GET /containers/runs/logs?follow=1&stdout=1"), { timeoutMs: 60 }),
    text("events that are left", request("GET /events"), { timeoutMs: 60 }),
    text("a wait that is left", request("POST /containers/runs/wait", "Content-Length: 0"), { timeoutMs: 60 }),
    text("an answer that is not read", request("GET /info").repeat(300), { timeoutMs: 50 }),
  ];
}
