import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, lstatSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request, type Server } from "node:http";
import { createServer as createNetServer } from "node:net";
import { tmpdir } from "node:os";

import { openTcpSocket } from "./listening-socket.ts";
import { portOf } from "./testing/port-of.ts";
import { listenUnix } from "./unix-listener.ts";

let directory = "";
let path = "";
beforeEach(() => {
  directory = mkdtempSync(`${tmpdir()}/berth-listen-`);
  path = `${directory}/engine.sock`;
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function greeter(text: string): Server {
  return createServer((_request, response) => void response.end(text));
}

function get(socketPath: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const ask = request({ socketPath, path: "/" }, (response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => (body += chunk.toString()));
      response.on("end", () => resolve(body));
    });
    ask.on("error", reject);
    ask.end();
  });
}

const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

test("serves at the path with the mode asked for, and leaves nothing but its lock", async () => {
  const listener = await listenUnix(greeter("hello"), { path, mode: 0o660, ...owner });
  expect(await get(path)).toBe("hello");
  expect(lstatSync(path).mode & 0o777).toBe(0o660);
  listener.close();
  expect(readdirSync(directory)).toEqual(["engine.sock.lock"]);
});

test("a second engine is refused and does not disturb the first", async () => {
  const first = await listenUnix(greeter("first"), { path, mode: 0o600, ...owner });
  await expect(listenUnix(greeter("second"), { path, mode: 0o600, ...owner })).rejects.toMatchObject({
    kind: "conflict",
  });
  expect(await get(path)).toBe("first");
  first.close();
});

test("another program's live socket is not stolen", async () => {
  const other = createNetServer();
  await new Promise<void>((resolve) => other.listen({ path }, () => resolve()));
  await expect(listenUnix(greeter("x"), { path, mode: 0o600, ...owner })).rejects.toMatchObject({ kind: "conflict" });
  expect(existsSync(path)).toBe(true);
  other.close();
});

test("a socket nobody listens on is replaced", async () => {
  const script = `const s = require("net").createServer(); s.listen(${JSON.stringify(path)}, () => process.kill(process.pid, 9))`;
  Bun.spawnSync([process.execPath, "-e", script]);
  expect(existsSync(path)).toBe(true);
  const listener = await listenUnix(greeter("new"), { path, mode: 0o600, ...owner });
  expect(await get(path)).toBe("new");
  listener.close();
});

test("a file in the way is kept", async () => {
  writeFileSync(path, "precious");
  await expect(listenUnix(greeter("x"), { path, mode: 0o600, ...owner })).rejects.toMatchObject({
    kind: "conflict",
    message: `${path} exists and is not a socket`,
  });
  expect(lstatSync(path).isFile()).toBe(true);
});

test("a path too long for a socket is named", async () => {
  const long = `${directory}/${"x".repeat(100)}`;
  await expect(listenUnix(greeter("x"), { path: long, mode: 0o600, ...owner })).rejects.toMatchObject({
    kind: "invalid-parameter",
  });
});

test("closing leaves a successor's socket alone", async () => {
  const listener = await listenUnix(greeter("old"), { path, mode: 0o600, ...owner });
  rmSync(path);
  writeFileSync(path, "somebody else's");
  listener.close();
  expect(existsSync(path)).toBe(true);
});

test("tcp gives the port the kernel chose, and names one that is taken and an address of another machine", async () => {
  const first = await openTcpSocket({ host: "127.0.0.1", port: 0 });
  const taken = openTcpSocket({ host: "127.0.0.1", port: portOf(first.fd) });
  await expect(taken).rejects.toMatchObject({ kind: "conflict" });
  const elsewhere = openTcpSocket({ host: "192.0.2.1", port: 0 });
  await expect(elsewhere).rejects.toMatchObject({ kind: "invalid-parameter" });
  first.close();
});
