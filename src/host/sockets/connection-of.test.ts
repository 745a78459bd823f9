import { expect, test } from "bun:test";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { connectionOf } from "./connection-of.ts";
import { sendto, close } from "../kernel/syscalls.ts";

test.each(["127.0.0.1", "::1", "::"])(
  "the connection from a client at %s is found by its address, and is the same",
  async (host) => {
    const accepted = Promise.withResolvers<Socket>();
    const server = createServer((socket) => accepted.resolve(socket));
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    const { port } = server.address() as AddressInfo;
    const client = connect({ port, host: host === "::" ? "127.0.0.1" : host });
    const received = new Promise<string>((resolve) => client.once("data", (bytes) => resolve(bytes.toString())));
    const socket = await accepted.promise;
    try {
      const peer = { address: socket.remoteAddress ?? "", port: socket.remotePort ?? 0 };
      const fd = connectionOf(peer, port);
      sendto(fd ?? -1, Buffer.from("by the side"));
      close(fd ?? -1);
      expect(await received).toBe("by the side");
      expect(connectionOf({ ...peer, port: 1 }, port)).toBeUndefined();
      expect(connectionOf({ ...peer, address: "192.0.2.1" }, port)).toBeUndefined();
      // The client's own end has the same two ports the other way round.
      expect(connectionOf(peer, 1)).toBeUndefined();
    } finally {
      client.destroy();
      socket.destroy();
      server.close();
    }
  },
);
