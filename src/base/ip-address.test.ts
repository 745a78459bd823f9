import { expect, test } from "bun:test";
import { isIp, isIpv4, isIpv6 } from "./ip-address.ts";

for (const text of ["0.0.0.0", "255.255.255.255", "10.1.2.3"])
  test(`IPv4: ${text}`, () => expect([isIpv4(text), isIpv6(text), isIp(text)]).toEqual([true, false, true]));

for (const text of ["::", "::1", "fe80::1", "1:2:3:4:5:6:7:8", "::ffff:1.2.3.4", "1::8"])
  test(`IPv6: ${text}`, () => expect([isIpv4(text), isIpv6(text), isIp(text)]).toEqual([false, true, true]));

for (const text of [
  "",
  "1.2.3",
  "01.2.3.4",
  "256.1.1.1",
  "1.2.3.4.5",
  ":",
  ":::",
  "1::2::3",
  "fe80::1%eth0",
  "g::1",
  "1:2:3:4:5:6:7:8:9",
])
  test(`no address: ${text}`, () => expect(isIp(text)).toBe(false));
