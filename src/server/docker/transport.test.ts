import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { FrameDecoder } from "#spec/docker/stdcopy.ts";
import { ServedEngine, RawClient } from "./testing/served-engine.ts";

let served: ServedEngine;
afterEach(() => served.close());

const upgrade = "Connection: Upgrade\r\nUpgrade: tcp\r\n";
const json = "Content-Type: application/json\r\n";
const request = (line: string, headers = "", body = ""): string =>
  `${line} HTTP/1.1\r\nHost: e\r\n${headers}\r\n${body}`;

describe.each(["unix", "tcp"] as const)("a %s connection", (transport) => {
  beforeEach(async () => {
    served = await ServedEngine.open(transport);
  });

  /** Status line and body of what comes back, and whether the connection ended with it. */
  async function exchange(text: string, options: { readonly halfClose?: boolean } = {}): Promise<string> {
    const raw = new RawClient(served.place);
    raw.send(text);
    if (options.halfClose === true) raw.halfClose();
    const head = await raw.head();
    const length = Number(/\r\nContent-Length: (\d+)/i.exec(head)?.[1] ?? -1);
    const body = length < 0 ? (await raw.rest()).toString() : await raw.take(length);
    const closes = /\r\nConnection: close/i.test(head) ? " [closes]" : "";
    raw.destroy();
    return `${head.split("\r\n")[0]} ${body.trim()}${closes}`;
  }

  test.each([
    ["a plain request", request("GET /_ping"), "HTTP/1.1 200 OK OK"],
    ["the absolute form", request("GET http://e/_ping"), "HTTP/1.1 200 OK OK"],
    ["a body nobody asked for", request("GET /_ping", "Content-Length: 3\r\n", "abc"), "HTTP/1.1 200 OK OK"],
    ["any path's options", request("OPTIONS /containers/json"), "HTTP/1.1 200 OK "],
    ["HEAD", request("HEAD /_ping"), "HTTP/1.1 200 OK "],
    ["a method of no route", request("PATCH /_ping"), 'HTTP/1.1 404 Not Found {"message":"page not found"}'],
    ["CONNECT", request("CONNECT e:80"), "HTTP/1.1 404 Not Found 404 Not Found [closes]"],
    ["a long path", request(`GET /${"a".repeat(60_000)}`), 'HTTP/1.1 404 Not Found {"message":"page not found"}'],
    ["a large header", request("GET /_ping", `X-Registry-Config: ${"a".repeat(200_000)}\r\n`), "HTTP/1.1 200 OK OK"],
    [
      "an expectation that is none",
      request("POST /auth", `${json}Expect: wonders\r\nContent-Length: 2\r\n`, "{}"),
      "HTTP/1.1 417 Expectation Failed  [closes]",
    ],
    [
      "chunks",
      request("POST /containers/create", `${json}Transfer-Encoding: chunked\r\n`, "2\r\n{}\r\n0\r\n\r\n"),
      'HTTP/1.1 400 Bad Request {"message":"config cannot be empty in order to create a container"}',
    ],
    ["an upgrade where there is none", request("GET /_ping", upgrade), "HTTP/1.1 200 OK OK [closes]"],
    [
      "an upgrade's refusal, its body read by its length",
      request("POST /exec/none/start", `${upgrade}${json}Content-Length: 2\r\n`, "{}"),
      'HTTP/1.1 404 Not Found {"message":"No such exec instance: none"} [closes]',
    ],
    [
      "an upgrade's refusal, its body in chunks",
      request("POST /exec/none/start", `${upgrade}${json}Transfer-Encoding: chunked\r\n`, "2\r\n{}\r\n0\r\n\r\n"),
      'HTTP/1.1 404 Not Found {"message":"No such exec instance: none"} [closes]',
    ],
  ])("%s", async (_name, text, answer) => {
    expect(await exchange(text)).toBe(answer);
  });

  test.each([
    ["no host", "GET /_ping HTTP/1.1\r\n\r\n"],
    ["two hosts", request("GET /_ping", "Host: f\r\n")],
    ["a host that is none", "GET /_ping HTTP/1.1\r\nHost: a b\r\n\r\n"],
    ["two lengths", request("POST /auth", `${json}Content-Length: 2\r\nContent-Length: 3\r\n`, "{} ")],
    [
      "length and chunks",
      request("POST /auth", `${json}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n`, "0\r\n\r\n"),
    ],
    ["a negative length", request("POST /auth", `${json}Content-Length: -2\r\n`)],
    ["a coding in front of chunks", request("POST /auth", `${json}Transfer-Encoding: gzip, chunked\r\n`, "0\r\n\r\n")],
    ["an unknown coding", request("POST /auth", `${json}Transfer-Encoding: xchunked\r\n`, "0\r\n\r\n")],
    ["chunks in HTTP/1.0", `POST /auth HTTP/1.0\r\n${json}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ["a blank before the colon", request("GET /_ping", "X : a\r\n")],
    ["a folded header", request("GET /_ping", "X: a\r\n b\r\n")],
    ["NUL in a header", request("GET /_ping", "X: a\0b\r\n")],
    ["a bare line feed", "GET /_ping HTTP/1.1\nHost: e\n\n"],
    ["a blank in the path", request("GET /a b")],
    ["no path", "GET HTTP/1.1\r\nHost: e\r\n\r\n"],
    ["another version", "GET /_ping HTTP/2.0\r\nHost: e\r\n\r\n"],
    ["HTTP/0.9", "GET /_ping\r\n\r\n"],
    ["another protocol", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    ["a handshake", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03aaaa\r\n\r\n"],
    ["a bad chunk", request("POST /containers/create", `${json}Transfer-Encoding: chunked\r\n`, "zz\r\n{}\r\n")],
    ["more head than anyone needs", request("GET /_ping", `X: ${"a".repeat(1 << 21)}\r\n`)],
  ])("is refused and closed for %s", async (_name, text) => {
    const answer = await exchange(text);
    expect(answer).toMatch(/^HTTP\/1\.1 (400|431|501|505) /);
    expect(answer).toEndWith("[closes]");
    expect((await served.call("GET", "/_ping")).status).toBe(200);
  });

  test("requests behind one another are answered in their order", async () => {
    const raw = new RawClient(served.place);
    raw.send(request("HEAD /_ping") + request("GET /nope") + request("GET /_ping"));
    await raw.until("OK");
    const heads: string[] = [];
    for (let turn = 0; turn < 3; turn++) heads.push((await raw.head()).split("\r\n")[0] ?? "");
    expect(heads.map((line) => line.replace(/^.*HTTP/s, "HTTP"))).toEqual([
      "HTTP/1.1 200 OK",
      "HTTP/1.1 404 Not Found",
      "HTTP/1.1 200 OK",
    ]);
    raw.destroy();
  });

  test("who has said all, and closes their side, gets an answer that takes its time", async () => {
    served.world.listMs = 50;
    expect(await exchange(request("GET /info"), { halfClose: true })).toMatch(/^HTTP\/1\.1 200 OK \{/);
  });

  test("who leaves within the body gets no container, and the server goes on", async () => {
    const raw = new RawClient(served.place);
    raw.send(request("POST /containers/create", `${json}Content-Length: 500\r\n`, '{"Image":"busybox"'));
    raw.halfClose();
    await raw.rest();
    const listed = (await (await served.call("GET", "/containers/json?all=1")).json()) as unknown[];
    expect(listed).toEqual([]);
  });

  test("the body is asked for when it is wanted, and not before", async () => {
    const raw = new RawClient(served.place);
    raw.send(request("POST /containers/create", `${json}Expect: 100-continue\r\nContent-Length: 2\r\n`));
    expect((await raw.head()).split("\r\n")[0]).toBe("HTTP/1.1 100 Continue");
    raw.send("{}");
    expect((await raw.head()).split("\r\n")[0]).toBe("HTTP/1.1 400 Bad Request");
    raw.destroy();
    expect(await exchange(request("POST /nope", `${json}Expect: 100-continue\r\nContent-Length: 2\r\n`))).toBe(
      'HTTP/1.1 404 Not Found {"message":"page not found"} [closes]',
    );
  });

  test("HTTP/1.0 is answered and closed", async () => {
    expect(await exchange("GET /_ping HTTP/1.0\r\n\r\n")).toBe("HTTP/1.1 200 OK OK [closes]");
  });

  test("attach: input and its end pass, with a body in front of them too", async () => {
    const id = await served.create({ Cmd: ["cat"], OpenStdin: true, AttachStdin: true });
    await served.call("POST", `/containers/${id}/start`);
    const made = await served.call("POST", `/containers/${id}/exec`, {
      Cmd: ["cat"],
      AttachStdin: true,
      AttachStdout: true,
    });
    const { Id } = (await made.json()) as { Id: string };
    const raw = new RawClient(served.place);
    raw.send(request(`POST /v1.41/exec/${Id}/start`, `${upgrade}${json}Content-Length: 2\r\n`, "{}over"));
    expect((await raw.head()).split("\r\n")[0]).toBe("HTTP/1.1 101 UPGRADED");
    raw.send(" and out");
    raw.halfClose();
    const frames = [...new FrameDecoder().push(await raw.rest())];
    expect(Buffer.concat(frames.map(({ payload }) => payload)).toString()).toBe("over and out");
  });

  test("versions", async () => {
    const of = async (path: string): Promise<string> =>
      (await exchange(request(`GET ${path}`))).replace(/^HTTP\/1.1 /, "");
    for (const version of ["1.24", "1.24.1", "01.30", "1.56"]) expect(await of(`/v${version}/_ping`)).toBe("200 OK OK");
    for (const version of ["1", "1.10", "0.9"]) {
      expect(await of(`/v${version}/_ping`)).toBe(
        `400 Bad Request {"message":"client version ${version} is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version"}`,
      );
    }
    for (const version of ["1.57", "1.99999999999", "9.99", "1.56.1"]) {
      expect(await of(`/v${version}/_ping`)).toBe(
        `400 Bad Request {"message":"client version ${version} is too new. Maximum supported API version is 1.56"}`,
      );
    }
    expect(await of("/vx/_ping")).toBe('404 Not Found {"message":"page not found"}');
  });
});

test("a connection whose head does not come is closed", async () => {
  served = await ServedEngine.open();
  const raw = new RawClient(served.place);
  raw.send("GET /_ping HTTP/1.1\r\nHo");
  expect((await raw.rest()).toString()).not.toContain("200 OK");
});
