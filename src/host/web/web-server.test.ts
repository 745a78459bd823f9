import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { sha256Hex } from "#base/sha256.ts";
import { startWebServer, type WebReply, type WebServer } from "./web-server.ts";

const MIB = 1 << 20;
const SIZE = 12 * MIB;
const bytes = randomBytes(SIZE);
const folder = mkdtempSync(`${tmpdir()}/berth-web-`);
const path = `${folder}/file`;
let server: WebServer;
/** What is answered to `/START-END`. */
let reply: (start: number, end: number) => WebReply;

beforeAll(() => writeFileSync(path, bytes));
afterAll(() => rmSync(folder, { recursive: true }));

beforeEach(() => {
  reply = (start, end) => ({ status: 206, headers: { "X-Kind": "part" }, body: { path, start, end } });
  server = startWebServer({ host: "127.0.0.1", port: 0 }, (request) => {
    const [start = 0, end = SIZE] = request.path.slice(1).split("-").map(Number);
    return request.path === "/" ? { status: 200, headers: {}, body: "small" } : reply(start, end);
  });
});

afterEach(() => server.stop(true));

const url = (start: number, end: number): string => `http://127.0.0.1:${server.port}/${start}-${end}`;
const descriptors = (): number => readdirSync("/proc/self/fd").length;
/** How often this process has the file open. */
const openFiles = (): number =>
  readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path;
    } catch {
      return false; // the one that read the folder
    }
  }).length;

/** Within a minute. */
async function eventually(isSo: () => boolean): Promise<void> {
  for (const end = performance.now() + 60_000; !isSo(); await Bun.sleep(5))
    if (performance.now() > end) throw new Error(`not within a minute: ${isSo.toString()}`);
}

/** A client that sends a request and leaves reading to the test. */
async function ask(start: number, end: number): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port: server.port });
  await new Promise((resolve) => socket.once("connect", resolve));
  socket.on("error", () => {});
  socket.write(`GET /${start}-${end} HTTP/1.1\r\nHost: x\r\n\r\n`);
  return socket;
}

test("files of every size come whole, large ones and parts of them too, many at once", async () => {
  const parts = [
    [0, SIZE],
    [1, SIZE - 1],
    [5 * MIB + 3, 11 * MIB + 7],
    [0, 10],
    [7, 7],
    [SIZE - 4 * MIB, SIZE],
  ] as const;
  await Promise.all(
    Array.from({ length: 3 }, () => parts)
      .flat()
      .map(async ([start, end]) => {
        const answer = await fetch(url(start, end));
        expect([answer.status, answer.headers.get("x-kind")]).toEqual([206, "part"]);
        const body = await answer.bytes();
        expect([start, body.length, sha256Hex(body)]).toEqual([
          start,
          end - start,
          sha256Hex(bytes.subarray(start, end)),
        ]);
      }),
  );
  await eventually(() => openFiles() === 0);
});

test("a large file ends its connection, which its answer says; a small one does not", async () => {
  const socket = await ask(0, 10);
  let text = "";
  const ended = new Promise((resolve) => socket.once("end", resolve));
  socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
  await eventually(() => text.includes("\r\n\r\n"));
  expect(text.toLowerCase()).not.toContain("connection: close");
  text = "";
  socket.write(`GET /0-${8 * MIB} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await ended;
  const head = text.slice(0, text.indexOf("\r\n\r\n") + 4);
  expect(head).toStartWith("HTTP/1.1 206 Partial Content\r\n");
  expect(head).toContain(`\r\nContent-Length: ${8 * MIB}\r\n`);
  expect(head).toMatch(/\r\nDate: \w+, \d+ \w+ \d{4} [\d:]+ GMT\r\n/);
  expect(head).toContain("\r\nConnection: close\r\n");
  expect(sha256Hex(Buffer.from(text.slice(head.length), "latin1"))).toBe(sha256Hex(bytes.subarray(0, 8 * MIB)));
  socket.destroy();
});

test("clients that leave, in the midst or before they read anything, leave nothing behind", async () => {
  await (await fetch(url(0, SIZE))).bytes();
  await eventually(() => connections() === 0);
  const before = descriptors();
  for (let round = 0; round < 5; round++) {
    const [reader, silent] = [await ask(0, SIZE), await ask(0, SIZE)];
    silent.pause();
    await new Promise((resolve) => reader.once("data", resolve));
    reader.destroy();
    silent.destroy();
  }
  await eventually(() => descriptors() <= before);
  expect(await (await fetch(`http://127.0.0.1:${server.port}/`)).text()).toBe("small");
});

test("a reader that is slow gets all of it", async () => {
  const socket = await ask(0, SIZE);
  const hash = createHash("sha256");
  let received = 0;
  let head: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    let data = chunk;
    if (head !== undefined) {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf("\r\n\r\n");
      if (end < 0) continue;
      data = head.subarray(end + 4);
      head = undefined;
    }
    hash.update(data);
    received += data.length;
    if (received % 50 === 0) await Bun.sleep(1);
  }
  expect([received, hash.digest("hex")]).toEqual([SIZE, sha256Hex(bytes)]);
});

test("a file that is shorter than it was ends the answer early", async () => {
  const other = `${folder}/other`;
  writeFileSync(other, bytes);
  reply = (start, end) => {
    truncateSync(other, 6 * MIB);
    return { status: 200, headers: {}, body: { path: other, start, end } };
  };
  const body = await fetch(url(0, SIZE)).then((answer) => answer.bytes().catch(() => undefined));
  expect(body?.length ?? 0).toBeLessThan(SIZE);
  expect(await (await fetch(`http://127.0.0.1:${server.port}/`)).text()).toBe("small");
});

test("stopping now cuts off what is under way, stopping otherwise waits for it", async () => {
  const socket = await ask(0, SIZE);
  await new Promise((resolve) => socket.once("data", resolve));
  socket.pause();
  const closed = new Promise((resolve) => socket.once("close", resolve));
  let isStopped = false;
  const stopping = server.stop().then(() => (isStopped = true));
  await Bun.sleep(50);
  expect(isStopped).toBe(false);
  await server.stop(true);
  await stopping;
  socket.resume();
  await closed;
});

/** TCP connections to the server that are open here. */
function connections(): number {
  const port = server.port.toString(16).toUpperCase().padStart(4, "0");
  return readFileSync("/proc/self/net/tcp", "utf8")
    .split("\n")
    .filter((line) => line.includes(`:${port} `) && / 01 /.test(line)).length;
}
