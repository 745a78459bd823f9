import { expect, test } from "bun:test";
import {
  addressBytes,
  addressIn,
  addressText,
  canonicalAddress,
  cidrText,
  contains,
  lastAddress,
  machineAddresses,
  overlaps,
  parseAddress,
  parseCidr,
} from "./subnet.ts";

test("addresses are unsigned numbers", () => {
  expect(parseAddress("255.255.255.255")).toEqual({ family: 4, value: 4294967295n });
  expect(addressText(parseAddress("192.168.1.255"))).toBe("192.168.1.255");
  expect(addressText(parseAddress("FD00:0::00ff"))).toBe("fd00::ff");
  expect(canonicalAddress("fd00:0:0:0::1")).toBe("fd00::1");
  expect(addressBytes("192.168.1.255")).toEqual(Uint8Array.of(192, 168, 1, 255));
  for (const bad of ["", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.x"]) {
    expect(() => parseAddress(bad)).toThrow(`invalid IPv4 address: ${bad}`);
  }
  expect(() => parseAddress("fd00::g")).toThrow("invalid IPv6 address: fd00::g");
});

test("a CIDR text is an address in a subnet", () => {
  const { subnet, address } = parseCidr("172.31.255.1/12");
  expect([cidrText(subnet), addressText(address)]).toEqual(["172.16.0.0/12", "172.31.255.1"]);
  expect(cidrText(parseCidr("10.9.8.7/0").subnet)).toBe("0.0.0.0/0");
  expect(cidrText(parseCidr("10.9.8.7/32").subnet)).toBe("10.9.8.7/32");
  expect(cidrText(parseCidr("2001:DB8:1:2:3::9/64").subnet)).toBe("2001:db8:1:2::/64");
  expect(cidrText(parseCidr("fd00::1/0").subnet)).toBe("::/0");
  for (const bad of ["10.0.0.0", "10.0.0.0/33", "10.0.0/8", "10.0.0.256/8", "fd00::/129", "fd00::", "/8", "fd00::/"])
    expect(() => parseCidr(bad)).toThrow(`invalid CIDR address: ${bad}`);
});

test("bounds and overlap, of one family only", () => {
  const subnet = (text: string) => parseCidr(text).subnet;
  const lower = subnet("172.17.0.0/16");
  expect(addressText(addressIn(lower, lastAddress(lower)))).toBe("172.17.255.255");
  expect(contains(lower, parseAddress("172.17.255.255"))).toBe(true);
  expect(contains(lower, parseAddress("172.18.0.0"))).toBe(false);
  expect(overlaps(lower, subnet("172.16.0.0/12"))).toBe(true);
  expect(overlaps(subnet("172.17.3.0/24"), lower)).toBe(true);
  expect(overlaps(lower, subnet("172.18.0.0/16"))).toBe(false);
  expect(overlaps(subnet("fd00::/8"), subnet("fd12:3456::/48"))).toBe(true);
  expect(overlaps(subnet("::/0"), subnet("0.0.0.0/0"))).toBe(false);
  expect(contains(subnet("::/0"), parseAddress("0.0.0.1"))).toBe(false);
});

test("what machines can have", () => {
  const range = (text: string): string[] => {
    const { subnet } = parseCidr(text);
    const { first, last } = machineAddresses(subnet);
    return [first, last].map((value) => addressText(addressIn(subnet, value)));
  };
  expect(range("10.0.0.0/30")).toEqual(["10.0.0.1", "10.0.0.2"]);
  expect(range("10.0.0.0/31")).toEqual(["10.0.0.0", "10.0.0.1"]);
  expect(range("fd00::/126")).toEqual(["fd00::1", "fd00::3"]);
  expect(range("fd00::/127")).toEqual(["fd00::", "fd00::1"]);
});
