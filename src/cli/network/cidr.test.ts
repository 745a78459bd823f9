import { expect, test } from "bun:test";
import { inSubnet } from "./cidr.ts";

test.each([
  ["10.1.0.0/16", "10.1.255.3", true],
  ["10.1.0.0/16", "10.2.0.1", false],
  ["10.1.9.9/16", "10.1.0.0/24", true],
  ["0.0.0.0/0", "1.2.3.4", true],
  ["fd00::/8", "fd12::1", true],
  ["2001:db8::/64", "2001:db8:0:1::", false],
  ["::/0", "10.0.0.1", false],
  ["::ffff:10.1.0.0/112", "10.1.2.3", true],
  ["10.1.0.0/16", "::ffff:10.1.0.9", true],
  ["10.1.0.0/16", "no address", false],
])("%s has %s: %p", (subnet, item, has) => {
  expect(inSubnet(subnet, item)).toBe(has);
});

test.each(["x", "10.0.0.0/33", "010.0.0.0/8", "10.0.0.0/", "::/129", "/8"])("%p is no subnet", (text) => {
  expect(() => inSubnet(text, "10.0.0.1")).toThrow(`invalid subnet: invalid CIDR address: ${text}`);
});
