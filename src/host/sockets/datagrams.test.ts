import { afterEach, beforeEach, expect, test } from "bun:test";
import { createSocket } from "node:dgram";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { udpSender, unixSender } from "./datagrams.ts";
import { AF_UNIX, F_GET_SEALS, F_SEAL_WRITE, SOCK_DGRAM } from "../kernel/linux.ts";
import { bind, close, fcntl, fstat, pread, receiveFds, socket } from "../kernel/syscalls.ts";

let directory = "";
let receiver = -1;
beforeEach(() => {
  directory = mkdtempSync(`${tmpdir()}/berth-datagrams-`);
  receiver = socket(AF_UNIX, SOCK_DGRAM, 0);
  const name = Buffer.from(`${directory}/socket\0`);
  bind(receiver, Uint8Array.from([AF_UNIX, 0, ...name]));
});
afterEach(() => {
  close(receiver);
  rmSync(directory, { recursive: true, force: true });
});

test("a message goes as it is, a large one in a sealed memory file", async () => {
  const sender = unixSender(`${directory}/socket`);
  await sender.send(Buffer.from("MESSAGE=hi\n"));
  const buffer = new Uint8Array(100);
  const small = receiveFds(receiver, buffer);
  expect(Buffer.from(buffer.subarray(0, small.length)).toString()).toBe("MESSAGE=hi\n");
  expect(small.fds).toEqual([]);

  const large = Buffer.alloc(4 << 20, "x");
  await sender.send(large);
  const { length, fds } = receiveFds(receiver, buffer);
  const [memory = -1] = fds;
  expect([length, fds.length]).toEqual([0, 1]);
  expect(fcntl(memory, F_GET_SEALS) & F_SEAL_WRITE).toBe(F_SEAL_WRITE);
  const content = new Uint8Array(fstat(memory).size);
  pread(memory, content, 0);
  expect(large.equals(content)).toBe(true);
  close(memory);
  sender.close();
  sender.close();
});

test("nobody there is an error of this sender's; with UDP nobody knows", async () => {
  expect(() => unixSender(`${directory}/nothing`)).toThrow("no such file or directory");
  const udp = await udpSender("127.0.0.1", 9);
  await udp.send(Buffer.from("x"));
  await udp.send(Buffer.from("y"));
  udp.close();
  udp.close();
});

test("UDP arrives", async () => {
  const server = createSocket("udp4");
  const message = new Promise<Buffer>((resolve) => server.once("message", resolve));
  await new Promise<void>((resolve) => server.bind(0, "127.0.0.1", resolve));
  const sender = await udpSender("localhost", server.address().port);
  await sender.send(Buffer.from("hello"));
  if ((await Promise.race([message, Bun.sleep(2000)]))?.toString() !== "hello") throw new Error("nothing came");
  sender.close();
  server.close();
});

test("who sends one after the other leaves others their turn", async () => {
  const sender = await udpSender("127.0.0.1", 9);
  const others = { turns: 0 };
  setImmediate(() => (others.turns += 1));
  // Without a bound a sender that leaves none would never end.
  for (let count = 0; others.turns === 0 && count < 1e6; count += 1) await sender.send(Buffer.from("x"));
  expect(others.turns).toBe(1);
  sender.close();
});
