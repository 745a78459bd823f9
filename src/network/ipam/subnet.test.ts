import { expect, test } from "bun:test";
import {
  addressBytes,
  addressNumber,
  addressText,
  cidrText,
  contains,
  lastAddress,
  overlaps,
  parseCidr,
  subnetOf,
} from "./subnet.ts";

test("addresses are unsigned numbers", () => {
  expect(addressNumber("255.255.255.255")).toBe(4294967295);
  expect(addressText(addressNumber("192.168.1.255"))).toBe("192.168.1.255");
  expect(addressBytes(addressNumber("192.168.1.255"))).toEqual(Uint8Array.of(192, 168, 1, 255));
  for (const bad of ["", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.x", "::1"]) {
    expect(() => addressNumber(bad)).toThrow(`invalid IPv4 address: ${bad}`);
  }
});

test("a CIDR text is an address in a subnet", () => {
  expect(parseCidr("172.31.255.1/12")).toEqual({
    subnet: { base: addressNumber("172.16.0.0"), prefixLength: 12 },
    address: addressNumber("172.31.255.1"),
  });
  expect(cidrText(parseCidr("10.9.8.7/0").subnet)).toBe("0.0.0.0/0");
  expect(cidrText(parseCidr("10.9.8.7/32").subnet)).toBe("10.9.8.7/32");
  for (const bad of ["10.0.0.0", "10.0.0.0/33", "10.0.0/8", "10.0.0.256/8", "fd00::/8"])
    expect(() => parseCidr(bad)).toThrow();
});

test("bounds and overlap", () => {
  const lower = subnetOf(addressNumber("172.17.0.0"), 16);
  expect(addressText(lastAddress(lower))).toBe("172.17.255.255");
  expect(contains(lower, addressNumber("172.17.255.255"))).toBe(true);
  expect(contains(lower, addressNumber("172.18.0.0"))).toBe(false);
  expect(overlaps(lower, subnetOf(addressNumber("172.16.0.0"), 12))).toBe(true);
  expect(overlaps(subnetOf(addressNumber("172.17.3.0"), 24), lower)).toBe(true);
  expect(overlaps(lower, subnetOf(addressNumber("172.18.0.0"), 16))).toBe(false);
});
