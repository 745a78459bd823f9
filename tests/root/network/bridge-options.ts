/** What Docker's options of the bridge driver do that no other file here asks for, and ports of SCTP. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { AF_INET, AF_INET6, MSG_DONTWAIT, SOCK_NONBLOCK } from "#host/kernel/linux.ts";
import { socketAddress } from "#host/sockets/namespace-sockets.ts";
import { close, receive, sendto, socketInNamespace } from "#host/kernel/syscalls.ts";
import type { LocalNetworks } from "#network/local-networks.ts";
import { eventually } from "../../../tools/lab/command.ts";
import {
  HOST_ADDRESS,
  LAN_ADDRESS,
  LAN_HOST_ADDRESS,
  makeEngine,
  makeMachine,
  makeNetwork,
  OUTSIDE_ADDRESS,
  run,
  startContainer,
  subnet,
  tcp,
  type Namespace,
} from "./scratch.ts";

if (process.env["BERTH_SCRATCH_HOST"] !== "1")
  throw new Error("run tests/root/network.test.ts: it makes the scratch host");

const HOST_ADDRESS_6 = "2001:db8:1::1";
const OUTSIDE_ADDRESS_6 = "2001:db8:1::2";
let outside: Namespace;
let lan: Namespace;
let networks: LocalNetworks;

beforeAll(async () => {
  outside = makeMachine("uplink", HOST_ADDRESS, OUTSIDE_ADDRESS);
  lan = makeMachine("lan", LAN_HOST_ADDRESS, LAN_ADDRESS);
  run("ip", "address", "add", `${HOST_ADDRESS_6}/64`, "dev", "uplink", "nodad");
  outside.run("ip", "address", "add", `${OUTSIDE_ADDRESS_6}/64`, "dev", "eth0", "nodad");
  outside.serve("tcp", 7000, "outside");
});
afterAll(async () => {
  outside.end();
  lan.end();
});
beforeEach(async () => {
  ({ networks } = makeEngine());
  await networks.reconcile([]);
});
/** Nothing of the engine is left. */
afterEach(async () => {
  for (const { id, predefined } of await networks.list()) if (!predefined) await networks.remove(id);
  await networks.close();
  expect(run("nft", "list", "tables")).toBe("");
  expect(run("ip", "-o", "link")).not.toMatch(/berth|br-|veth|bf[io]/);
});

const withOptions = (options: Readonly<Record<string, string>>): Promise<string> =>
  makeNetwork(networks, "made", { addresses: [subnet("10.50.0.0/24")], options });

test("container_iface_prefix names the interfaces of containers", async () => {
  await withOptions({ "com.docker.network.container_iface_prefix": "wire" });
  await using web = await startContainer(networks, "web", [], "made");
  expect(web.namespace.run("ip", "-o", "-4", "address", "show", "dev", "wire0")).toContain("10.50.0.2/24");
});

test("host_binding_ipv4 is where ports are published that name no address", async () => {
  await withOptions({ "com.docker.network.bridge.host_binding_ipv4": LAN_HOST_ADDRESS });
  await using web = await startContainer(networks, "web", [tcp(80, 8080), tcp(80, 8081, HOST_ADDRESS)], "made");
  web.namespace.serve("tcp", 80, "web");
  expect(await lan.ask("tcp", LAN_HOST_ADDRESS, 8080)).toBe(`web saw ${LAN_ADDRESS}`);
  expect(await outside.ask("tcp", HOST_ADDRESS, 8080)).toBe("refused");
  expect(await outside.ask("tcp", HOST_ADDRESS, 8081)).toBe(`web saw ${OUTSIDE_ADDRESS}`);
});

test("host_ipv4 is the source of what leaves", async () => {
  run("ip", "address", "add", "198.51.100.9/24", "dev", "uplink");
  await withOptions({ "com.docker.network.host_ipv4": "198.51.100.9" });
  await using web = await startContainer(networks, "web", [], "made");
  expect(await web.namespace.ask("tcp", OUTSIDE_ADDRESS, 7000)).toBe("outside saw 198.51.100.9");
  run("ip", "address", "delete", "198.51.100.9/24", "dev", "uplink");
});

test("host_ipv6 is the source of what leaves, by IPv6", async () => {
  run("ip", "address", "add", "2001:db8:1::9/64", "dev", "uplink", "nodad");
  await makeNetwork(networks, "made", {
    ipv6: true,
    addresses: [subnet("fd50::/64")],
    options: { "com.docker.network.host_ipv6": "2001:db8:1::9" },
  });
  outside.serve("tcp", 7001, "outside", "::");
  await using web = await startContainer(networks, "web", [], "made");
  expect(await web.namespace.probe([["tcp", OUTSIDE_ADDRESS_6, 7001]])).toEqual(["outside saw 2001:db8:1::9"]);
  run("ip", "address", "delete", "2001:db8:1::9/64", "dev", "uplink");
});

test("who comes by one of trusted_host_interfaces reaches ports that are not published", async () => {
  await withOptions({ "com.docker.network.bridge.trusted_host_interfaces": "nosuch:lan" });
  await using web = await startContainer(networks, "web", [], "made");
  web.namespace.serve("tcp", 80, "web");
  lan.run("ip", "route", "add", "10.50.0.0/24", "via", LAN_HOST_ADDRESS);
  outside.run("ip", "route", "add", "10.50.0.0/24", "via", HOST_ADDRESS);
  expect(await lan.ask("tcp", "10.50.0.2", 80)).toBe(`web saw ${LAN_ADDRESS}`);
  expect(await outside.ask("tcp", "10.50.0.2", 80)).toBe("timeout");
  lan.run("ip", "route", "delete", "10.50.0.0/24");
  outside.run("ip", "route", "delete", "10.50.0.0/24");
});

test("inhibit_ipv4 leaves the bridge without its address", async () => {
  const bridge = { "com.docker.network.bridge.name": "br-bare", "com.docker.network.bridge.inhibit_ipv4": "true" };
  await withOptions(bridge);
  await using web = await startContainer(networks, "web", [], "made");
  await using other = await startContainer(networks, "other", [], "made");
  web.namespace.serve("tcp", 80, "web");
  expect(run("ip", "-o", "-4", "address", "show", "dev", "br-bare")).toBe("");
  expect(await other.namespace.ask("tcp", "10.50.0.2", 80)).toBe("web saw 10.50.0.3");
  expect(web.namespace.run("ip", "route", "show", "default")).toContain("via 10.50.0.1");
});

/** CRC32c, of an INIT chunk behind SCTP's common header (RFC 9260, sections 3.1, 3.3.2 and 6.8). */
function init(sourcePort: number, port: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(32));
  view.setUint16(0, sourcePort);
  view.setUint16(2, port);
  view.setUint8(12, 1);
  view.setUint16(14, 20);
  view.setUint32(16, 1);
  view.setUint32(20, 65_536);
  view.setUint16(24, 1);
  view.setUint16(26, 1);
  view.setUint32(28, 1);
  const packet = new Uint8Array(view.buffer);
  let crc = 0xffff_ffff;
  for (const byte of packet) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f6_3b78 : 0);
  }
  view.setUint32(8, ~crc >>> 0, true);
  return packet;
}

test.each([
  [4, HOST_ADDRESS, 20],
  [6, HOST_ADDRESS_6, 0],
] as const)("a port of SCTP, by IPv%i", async (version, host, headerBytes) => {
  const [SOCK_RAW, IPPROTO_SCTP] = [3, 132];
  const family = version === 4 ? AF_INET : AF_INET6;
  await makeNetwork(networks, "made", { ipv6: true, addresses: [subnet("10.50.0.0/24"), subnet("fd50::/64")] });
  const port = { protocol: "sctp", containerPort: 5000, hostIp: "", hostPort: 5001 } as const;
  await using web = await startContainer(networks, "web", [port], "made");
  const inside = socketInNamespace(web.namespace.fd, family, SOCK_RAW | SOCK_NONBLOCK, IPPROTO_SCTP);
  const sender = socketInNamespace(outside.fd, family, SOCK_RAW, IPPROTO_SCTP);
  try {
    const into = new Uint8Array(2048);
    // Neighbours are looked for first.
    const length = await eventually("a packet", () => {
      sendto(sender, init(4000, 5001), 0, socketAddress({ host, port: 0 }).address);
      return receive(inside, into, MSG_DONTWAIT);
    });
    expect(length).toBe(headerBytes + 32);
    // Where it came from and where it went, without its checksum.
    const packet = into.subarray(headerBytes, headerBytes + 32);
    expect(packet.subarray(0, 4).toHex()).toBe(init(4000, 5000).subarray(0, 4).toHex());
    expect(packet.subarray(12).toHex()).toBe(init(4000, 5000).subarray(12).toHex());
  } finally {
    close(inside);
    close(sender);
  }
});
