import { expect, test } from "bun:test";
import type { PortPublication } from "../types.ts";
import { loopbackPorts, withinReach } from "./loopback-ports.ts";

const port = (hostIp: string, more: Partial<PortPublication> = {}): PortPublication => ({
  protocol: "tcp",
  containerPort: 80,
  hostIp,
  hostPort: 8080,
  ...more,
});
const both = { ipv4: "172.17.0.2", ipv6: "fd09::2" };

function shown(endpoint: Parameters<typeof loopbackPorts>[0]): readonly string[] {
  return loopbackPorts(endpoint).map(({ at, target }) => `${at.toHex()} ${target.toHex()}`);
}

test("addresses and ports in network order, IPv4 as IPv6 writes it", () => {
  const four = `${"00".repeat(10)}ffffac110002 00500000`.replace(" ", "");
  const six = `fd09${"00".repeat(12)}000200500000`;
  expect(shown({ ...both, ports: [port("127.0.0.1"), port("0.0.0.0"), port("::1"), port("::")] })).toEqual([
    `${"00".repeat(10)}ffff7f0000011f900000 ${four}`,
    `${"00".repeat(10)}ffff000000001f900000 ${four}`,
    `${"00".repeat(15)}011f900000 ${six}`,
    `${"00".repeat(16)}1f900000 ${six}`,
  ]);
});

test("no other addresses of the host, no other protocols, nothing that has no host port", () => {
  const others = [
    port("192.0.2.1"),
    port("2001:db8::1"),
    port("0.0.0.0", { protocol: "udp" }),
    port("0.0.0.0", { protocol: "sctp" }),
    port("0.0.0.0", { hostPort: 0 }),
  ];
  expect(shown({ ...both, ports: others })).toEqual([]);
});

test("nothing of a family that the container does not have, or the host has no address of beside it", () => {
  const ports = [port("0.0.0.0"), port("::")];
  expect(shown({ ...both, ipv6: "", ports })).toHaveLength(1);
  expect(shown({ ...both, ipv4: "", ports })).toHaveLength(1);
  expect(withinReach(both, ["172.17.0.1/16", "fd09::1/64"])).toEqual(both);
  expect(withinReach(both, ["172.17.0.1/16"])).toEqual({ ...both, ipv6: "" });
  expect(withinReach(both, ["172.18.0.1/16", "fd09::1/64"])).toEqual({ ...both, ipv4: "" });
  expect(withinReach({ ipv4: "", ipv6: "" }, ["172.17.0.1/16"])).toEqual({ ipv4: "", ipv6: "" });
});
