import { expect, test } from "bun:test";
import { formatIp, formatIpv4, formatMac, parseIp, parseIpv4, parseIpv6, parseMac } from "./address.ts";

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

test("IPv6 addresses in every way of writing", () => {
  const text = (address: string): string => Buffer.from(parseIpv6(address)).toString("hex");
  expect(text("::")).toBe("0".repeat(32));
  expect(text("::1")).toBe(`${"0".repeat(31)}1`);
  expect(text("fe80::")).toBe(`fe80${"0".repeat(28)}`);
  expect(text("2001:db8::a:b")).toBe("20010db8000000000000000000" + "0a000b".padStart(6, "0"));
  expect(text("1:2:3:4:5:6:7:8")).toBe("00010002000300040005000600070008");
  expect(text("::ffff:192.0.2.1")).toBe("00000000000000000000ffffc0000201");
});

test("what is none", () => {
  for (const bad of [
    "",
    ":",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "12345::",
    "::g",
    "1:2:3:4:5:6:7::8",
  ]) {
    expect(() => parseIpv6(bad)).toThrow(`invalid IPv6 address: ${bad}`);
  }
});

test("IPv6 addresses are written as RFC 5952 wants it", () => {
  for (const [text, canonical] of [
    ["::", "::"],
    ["0:0:0:0:0:0:0:1", "::1"],
    ["FD00:0:0:1:0:0:0:1", "fd00:0:0:1::1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["2001:0:0:1:0:0:1:0", "2001::1:0:0:1:0"],
    ["1:0:0:0:0:0:0:0", "1::"],
    ["1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"],
    ["10:0:0:0:1:0:0:1", "10::1:0:0:1"],
    ["::ffff:192.0.2.1", "::ffff:192.0.2.1"],
    ["192.0.2.1", "192.0.2.1"],
  ] as const) {
    expect(formatIp(parseIp(text))).toBe(canonical);
  }
});
