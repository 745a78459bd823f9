import { expect, test } from "bun:test";
import { formatPolicyRule, parsePolicyRule } from "./policy-rule.ts";

test.each([
  ["app->db:5432", "app->db:5432/tcp"],
  ["app -> db", "app->db"],
  ["*->db:53/udp", "*->db:53/udp"],
  ["a.b-c_1->*:80-90/sctp", "a.b-c_1->*:80-90/sctp"],
])("%s is %s", (text, canonical) => {
  expect(formatPolicyRule(parsePolicyRule(text))).toBe(canonical);
});

test.each([
  "",
  "app",
  "app->",
  "->db",
  "app->db:",
  "app->db:0",
  "app->db:9-8",
  "app->db:70000",
  "app->db:80/icmp",
  "a b->c",
])("%p is refused", (text) => {
  expect(() => parsePolicyRule(text)).toThrow("invalid network policy");
});
