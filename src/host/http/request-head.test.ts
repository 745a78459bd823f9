import { expect, test } from "bun:test";
import { parseRequestHead, requestHeadEnd } from "./request-head.ts";

const bytes = (text: string): Uint8Array => Buffer.from(text, "latin1");
const parsed = (line: string, ...fields: readonly string[]) =>
  parseRequestHead(bytes(`${[line, ...fields].join("\r\n")}\r\n\r\n`));
const plain = "GET / HTTP/1.1";
const host = "Host: e";

test("the end of a head, wherever it was cut", () => {
  const head = `${plain}\r\n${host}\r\n\r\n`;
  const whole = bytes(`${head}GET`);
  expect(requestHeadEnd(whole, 0)).toBe(head.length);
  for (let cut = 1; cut < head.length; cut++) {
    expect(requestHeadEnd(whole.subarray(0, cut), 0)).toBe(-1);
    expect(requestHeadEnd(whole, cut)).toBe(head.length);
  }
});

test("lines end with both characters; a head has its bounds", () => {
  expect(requestHeadEnd(bytes(`${plain}\n`), 0)).toEqual({ fault: "400 Bad Request", text: "400 Bad Request" });
  expect(requestHeadEnd(new Uint8Array((1 << 20) + 1).fill(65), 0)).toMatchObject({
    fault: "431 Request Header Fields Too Large",
  });
});

test("names in lower case, values without blanks around them, of repeated fields the first", () => {
  const head = parsed(plain, host, "X-One: \t a b \t", "x-one: 2", "Connection: keep-alive", "connection: Upgrade");
  expect(head).toMatchObject({ method: "GET", target: "/", closes: false, upgrades: false, isOld: false });
  expect("headers" in head && Object.fromEntries(head.headers)).toEqual({
    host: "e",
    "x-one": "a b",
    connection: "keep-alive, Upgrade",
  });
});

test("UTF-8 where somebody sends it, and an empty line in front", () => {
  const text = Buffer.from(`\r\nGET /ä HTTP/1.1\r\n${host}\r\nX: é\r\n\r\n`);
  const head = parseRequestHead(text);
  expect(head).toMatchObject({ target: "/ä" });
  expect("headers" in head && head.headers.get("x")).toBe("é");
});

test("how the body is framed, and what follows it", () => {
  const of = (...fields: readonly string[]) => parsed("POST / HTTP/1.1", host, ...fields);
  expect(of()).toMatchObject({ framing: { kind: "none" } });
  expect(of("Content-Length: 0")).toMatchObject({ framing: { kind: "none" } });
  expect(of("Content-Length: 5", "Content-Length: 5")).toMatchObject({ framing: { kind: "length", bytes: 5 } });
  expect(of("Transfer-Encoding: Chunked")).toMatchObject({ framing: { kind: "chunked" } });
  expect(of("Connection: close")).toMatchObject({ closes: true });
  expect(of("Connection: Upgrade", "Upgrade: tcp")).toMatchObject({ upgrades: true, closes: false });
  expect(of("Upgrade: tcp")).toMatchObject({ upgrades: false });
  expect(of("Expect: 100-Continue")).toMatchObject({ awaitsContinue: true });
  expect(parsed("GET / HTTP/1.0")).toMatchObject({ isOld: true, closes: true });
});

test("fields that came before mean the same behind any other request line of their version", () => {
  const fields = [host, "User-Agent: e/1", "Connection: close"];
  const first = parsed(plain, ...fields);
  const second = parsed("POST /b HTTP/1.1", ...fields);
  expect(first).toMatchObject({ method: "GET", target: "/", closes: true, isOld: false });
  expect(second).toEqual({ ...first, method: "POST", target: "/b" });
  expect(parsed("GET / HTTP/1.0", host)).toMatchObject({ isOld: true, closes: true });
  expect(parsed(plain, host)).toMatchObject({ isOld: false, closes: false });
  expect(parsed("CONNECT e:1 HTTP/1.1", ...fields)).toMatchObject({ fault: "404 Not Found" });
  for (let other = 0; other < 200; other++) {
    expect(parsed(plain, host, `Content-Length: ${other + 1}`)).toMatchObject({ framing: { bytes: other + 1 } });
  }
  expect(parsed(plain, ...fields)).toEqual(first);
});

test.each([
  ["400 Bad Request: missing required Host header", plain, []],
  ["400 Bad Request: too many Host headers", plain, [host, host]],
  ["400 Bad Request: malformed Host header", plain, ["Host: a b"]],
  ["400 Bad Request", "GET  / HTTP/1.1", [host]],
  ["400 Bad Request", "GET /\x01 HTTP/1.1", [host]],
  ["400 Bad Request", "G{T / HTTP/1.1", [host]],
  ["400 Bad Request", plain, [host, "X: a\0b"]],
  ["400 Bad Request", plain, [host, "X : a"]],
  ["400 Bad Request", plain, [host, " folded"]],
  ["400 Bad Request", plain, [host, "Content-Length: 1", "Content-Length: 2"]],
  ["400 Bad Request", plain, [host, "Content-Length: +1"]],
  ["400 Bad Request", plain, [host, "Content-Length: 1", "Transfer-Encoding: chunked"]],
  ["400 Bad Request: transfer encoding in HTTP/1.0", "GET / HTTP/1.0", ["Transfer-Encoding: chunked"]],
  ["501 Not Implemented: unsupported transfer encoding", plain, [host, "Transfer-Encoding: gzip, chunked"]],
  ["505 HTTP Version Not Supported: unsupported protocol version", "GET / HTTP/2.0", [host]],
  ["404 Not Found", "CONNECT e:1 HTTP/1.1", [host]],
  ["417 Expectation Failed", plain, [host, "Expect: wonders"]],
])("%s: %s %p", (fault, line, fields) => {
  expect(parsed(line, ...fields)).toMatchObject({ fault });
});
