import { expect, test } from "bun:test";
import { countSubnet } from "./subnet-status.ts";

const pool = (subnet: string, more: object = {}) => ({
  subnet,
  ipRange: "",
  gateway: "",
  auxiliary: {},
  asked: true,
  ...more,
});

test.each<[pool: ReturnType<typeof pool>, given: readonly string[], inUse: bigint, available: bigint]>([
  [pool("172.16.0.0/16", { gateway: "172.16.0.1" }), [], 3n, 65_533n],
  [pool("10.0.0.0/24", { gateway: "10.0.0.1", auxiliary: { a: "10.0.0.2" } }), ["10.0.0.9", "", "fd00::9"], 5n, 251n],
  [pool("10.0.0.0/24", { gateway: "10.0.0.1", ipRange: "10.0.0.128/25" }), ["10.0.0.7", "10.0.0.130"], 5n, 126n],
  [pool("10.0.0.0/31"), ["10.0.0.0"], 1n, 1n],
  [pool("2001:db8::/96", { gateway: "2001:db8::1" }), ["2001:db8::2"], 3n, 2n ** 32n - 3n],
])("%j with %j", (of, given, inUse, available) => {
  expect(countSubnet(of, given)).toEqual({ inUse, available });
});
