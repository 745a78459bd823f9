import { expect, test } from "bun:test";
import { reverseAddress } from "./reverse-address.ts";

test("names of addresses, of both families", () => {
  expect(reverseAddress("2.0.17.172.in-addr.arpa")).toBe("172.17.0.2");
  expect(reverseAddress(`2.${"0.".repeat(28)}9.0.d.f.ip6.arpa`.replace("0.9.0.d.f", "9.0.d.f"))).toBe("fd09::2");
  expect(reverseAddress(`b.${"0.".repeat(23)}8.b.d.0.1.0.0.2.ip6.arpa`)).toBe("2001:db8::b");
});

test("other names are none", () => {
  for (const name of ["web", "in-addr.arpa", "0.17.172.in-addr.arpa", "2.0.ip6.arpa", `g.${"0.".repeat(31)}ip6.arpa`]) {
    expect(reverseAddress(name)).toBeUndefined();
  }
});
