import { describe, expect, test } from "bun:test";
import { parseLink, parseLinkAddress, parseRoute, peerIndex } from "./links.ts";
import type { NetlinkRequest } from "./message.ts";
import {
  addAddress,
  addBridge,
  addRoute,
  addVeth,
  changeLink,
  deleteLink,
  dumpRoutes,
  IFLA_LINK,
  IFLA_MTU,
  linkHeader,
} from "./rtnetlink.ts";

/** Hex written in words. */
const packed = (words: string): string => words.replaceAll(" ", "");

/** Each test is named by the `ip` command that does the same. */
function hex({ payload }: NetlinkRequest): string {
  return payload.toHex();
}

/** Attribute: length, type, payload with padding. */
function attribute(type: number, payload: string): string {
  const length = 4 + payload.length / 2;
  const header = new Uint8Array(4);
  new DataView(header.buffer).setUint16(0, length, true);
  new DataView(header.buffer).setUint16(2, type, true);
  return header.toHex() + payload.padEnd(Math.ceil(payload.length / 8) * 8, "0");
}

const nested = (type: number, ...parts: string[]): string => attribute(type | 0x8000, parts.join(""));
const text = (value: string): string => new TextEncoder().encode(`${value}\0`).toHex();
const noLink = "00".repeat(16);

describe("rtnetlink", () => {
  test("ip link add berth0 address … mtu 1500 type bridge", () => {
    const request = addBridge({ name: "berth0", mac: Uint8Array.of(2, 0x42, 172, 17, 0, 1), mtu: 1500 });
    expect(hex(request)).toBe(
      noLink +
        attribute(3, text("berth0")) +
        attribute(1, "0242ac110001") +
        attribute(4, "dc050000") +
        nested(18, attribute(1, text("bridge")), nested(2)),
    );
    expect(request).toMatchObject({ type: 16, flags: 0x600 });
  });

  test("ip link add veth0 master 7 type veth peer name eth0 netns …", () => {
    const queues = attribute(31, "01000000") + attribute(32, "01000000");
    const peer =
      noLink + attribute(3, text("eth0")) + attribute(1, "0242ac110002") + queues + attribute(28, "05000000");
    const request = addVeth({
      name: "veth0",
      master: 7,
      peer: { name: "eth0", mac: Uint8Array.of(2, 0x42, 172, 17, 0, 2), namespace: { fd: 5 } },
    });
    expect(hex(request)).toBe(
      noLink +
        attribute(3, text("veth0")) +
        attribute(10, "07000000") +
        queues +
        nested(18, attribute(1, text("veth")), nested(2, nested(1, peer))),
    );
  });

  test("a peer placed by process id", () => {
    expect(hex(addVeth({ name: "a", peer: { name: "b", namespace: { pid: 258 } } }))).toContain(
      attribute(19, "02010000"),
    );
  });

  test("ip link set 2 up addrgenmode none", () => {
    const up = packed("00000000 02000000 01000000 01000000");
    expect(hex(changeLink(2, { up: true, ipv6LinkLocal: false }))).toBe(
      up + nested(26, nested(10, attribute(8, "01"))),
    );
  });

  test("ip link set veth0 type bridge_slave hairpin on", () => {
    const slave = nested(18, attribute(4, text("bridge")), nested(5, attribute(4, "01")));
    expect(hex(changeLink("veth0", { hairpin: true }))).toBe(noLink + attribute(3, text("veth0")) + slave);
  });

  test("ip link set 2 down name eth1 mtu 9000 nomaster", () => {
    const down = packed("00000000 02000000 00000000 01000000");
    const change = { up: false, name: "eth1", mtu: 9000, master: 0 };
    expect(hex(changeLink(2, change))).toBe(
      down + attribute(3, text("eth1")) + attribute(4, "28230000") + attribute(10, "00000000"),
    );
  });

  test("ip link delete veth0", () => {
    expect(hex(deleteLink("veth0"))).toBe(noLink + attribute(3, text("veth0")));
  });

  test.each([
    [16, "ac11ffff"],
    [20, "ac110fff"],
    [24, "ac1100ff"],
    [30, "ac110003"],
  ])("ip address add 172.17.0.2/%d brd +", (prefixLength, broadcast) => {
    const header = `02${prefixLength.toString(16)}000003000000`;
    const address = attribute(2, "ac110002") + attribute(1, "ac110002") + attribute(4, broadcast);
    expect(hex(addAddress(3, Uint8Array.of(172, 17, 0, 2), prefixLength))).toBe(header + address);
  });

  test("a /32 has no broadcast address", () => {
    expect(hex(addAddress(3, Uint8Array.of(10, 0, 0, 1), 32))).toBe(
      "0220000003000000" + attribute(2, "0a000001") + attribute(1, "0a000001"),
    );
  });

  test("ip route replace default via 172.17.0.1 dev 2", () => {
    const request = addRoute({ gateway: Uint8Array.of(172, 17, 0, 1), linkIndex: 2 });
    expect(hex(request)).toBe("02000000fe03000100000000" + attribute(5, "ac110001") + attribute(4, "02000000"));
    expect(request.flags).toBe(0x500);
  });

  test("a dump of routes filters by family only", () => {
    expect(hex(dumpRoutes())).toBe("020000000000000000000000");
  });
});

describe("dumps", () => {
  test("a link is read back", () => {
    const { payload } = addBridge({ name: "berth0", mac: Uint8Array.of(2, 0x42, 1, 2, 3, 4), mtu: 1400 });
    const link = parseLink({ type: 16, flags: 0, sequence: 1, payload });
    expect(link).toMatchObject({ name: "berth0", mtu: 1400, kind: "bridge", master: 0, up: false });
  });

  test("a pair's other end is numbered in its own namespace; where both numbers are one, it may go without saying", () => {
    const told = linkHeader(7, 0, 0).attributeU32(IFLA_MTU, 1500).attributeU32(IFLA_LINK, 2).finish();
    expect(peerIndex({ type: 16, flags: 0, sequence: 1, payload: told })).toBe(2);
    const untold = linkHeader(7, 0, 0).attributeU32(IFLA_MTU, 1500).finish();
    expect(peerIndex({ type: 16, flags: 0, sequence: 1, payload: untold })).toBe(7);
  });

  test("an address and a route are read back", () => {
    const { payload } = addAddress(3, Uint8Array.of(10, 1, 2, 3), 24);
    expect(parseLinkAddress({ type: 20, flags: 0, sequence: 1, payload })).toEqual({
      linkIndex: 3,
      prefixLength: 24,
      address: Uint8Array.of(10, 1, 2, 3),
    });
    const route = addRoute({ destination: { address: Uint8Array.of(10, 0, 0, 0), prefixLength: 8 }, linkIndex: 4 });
    expect(parseRoute({ type: 24, flags: 0, sequence: 1, payload: route.payload })).toEqual({
      destination: Uint8Array.of(10, 0, 0, 0),
      prefixLength: 8,
      gateway: undefined,
      linkIndex: 4,
      table: 254,
      type: 1,
    });
  });
});
