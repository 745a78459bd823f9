import { expect, test } from "bun:test";
import { formatIpv4, formatMac, parseIpv4, parseMac } from "./address.ts";

test("IPv4 addresses", () => {
  expect(formatIpv4(parseIpv4("172.17.0.255"))).toBe("172.17.0.255");
  for (const bad of ["", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.-4", "1.2.3.0x4", "::1"]) {
    expect(() => parseIpv4(bad)).toThrow(`invalid IPv4 address: ${bad}`);
  }
});

test("hardware addresses", () => {
  expect(formatMac(parseMac("02-42-AC-11-00-02"))).toBe("02:42:ac:11:00:02");
  for (const bad of ["", "02:42:ac:11:00", "02:42:ac:11:00:0g", "02:42:ac:11:00:02:03"]) {
    expect(() => parseMac(bad)).toThrow(`invalid MAC address: ${bad}`);
  }
});
