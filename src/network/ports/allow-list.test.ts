import { expect, test } from "bun:test";
import { parseAllowList } from "./allow-list.ts";

test.each([
  ["10.0.0.0/8", ["10.0.0.0/8"]],
  ["10.1.2.3/8, 192.0.2.1", ["10.0.0.0/8", "192.0.2.1/32"]],
  ["10.1.0.0/16 10.0.0.0/8 10.0.0.0/8,2001:DB8::/32", ["10.0.0.0/8", "2001:db8::/32"]],
  ["0.0.0.0/0,1.2.3.4", ["0.0.0.0/0"]],
])("%s", (text, cidrs) => {
  expect(parseAllowList(text)).toEqual(cidrs);
});

test.each(["", " , ", "10.0.0.0/33", "example.org", "10.0.0"])("%p is refused", (text) => {
  expect(() => parseAllowList(text)).toThrow(/invalid CIDR address|is empty/);
});
