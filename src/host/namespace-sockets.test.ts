import { expect, test } from "bun:test";

import { parseIpv6 } from "./namespace-sockets.ts";

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
