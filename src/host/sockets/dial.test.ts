import { expect, test } from "bun:test";
import { createServer, type AddressInfo } from "node:net";
import { messageOf } from "#base/errors.ts";
import { dial } from "./dial.ts";

test("bytes go both ways until the other side is gone", async () => {
  const server = createServer((socket) => socket.once("data", (chunk) => socket.end(`got ${chunk.toString()}`)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const stream = await dial({ kind: "tcp", host: "127.0.0.1", port });
  await stream.write(Buffer.from("hi"));
  expect(Buffer.from((await stream.read()) ?? []).toString()).toBe("got hi");
  expect(await stream.read()).toBeUndefined();
  expect(stream.alive).toBe(false);
  expect(await stream.write(Buffer.from("x")).catch(messageOf)).toBe("write: broken pipe");
  stream.close();
  server.close();
});

test("a failure is told in Go's words", async () => {
  const refusal = (target: Parameters<typeof dial>[0]): Promise<unknown> => dial(target).catch(messageOf);
  expect(await refusal({ kind: "tcp", host: "127.0.0.1", port: 1 })).toBe(
    "dial tcp 127.0.0.1:1: connect: connection refused",
  );
  expect(await refusal({ kind: "unix", path: "/nowhere/at/all" })).toBe(
    "dial unix /nowhere/at/all: connect: no such file or directory",
  );
});
