import { expect, test } from "bun:test";
import { createServer, type AddressInfo } from "node:net";
import { listeningSockets, ownersOf, parseSockets } from "./listening-sockets.ts";

test("what listens, of /proc/net's tables", () => {
  const tcp = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0
   1: 0100007F:1F91 0100007F:1234 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 100 0 0 10 0
`;
  expect(parseSockets(tcp, "tcp")).toEqual([{ protocol: "tcp", address: "127.0.0.1", port: 8080, inode: 4711 }]);
  const udp6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  9: 0000000000000000FFFF00000100007F:0035 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 99 2 0 0
 10: B80D0120000000000000000001000000:0035 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 98 2 0 0
`;
  expect(parseSockets(udp6, "udp").map(({ address, port }) => `${address} ${port}`)).toEqual([
    "::ffff:127.0.0.1 53",
    "2001:db8::1 53",
  ]);
});

test("this process's own listener, with its pid and name", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const [socket, ...others] = listeningSockets(port);
    expect(others).toEqual([]);
    expect(socket).toMatchObject({ protocol: "tcp", address: "127.0.0.1", port });
    const owner = ownersOf(new Set([socket?.inode ?? 0])).get(socket?.inode ?? 0);
    expect(owner).toMatchObject({ pid: process.pid, name: expect.stringContaining("bun") });
    expect(owner?.command).toContain("bun");
  } finally {
    server.close();
  }
});
