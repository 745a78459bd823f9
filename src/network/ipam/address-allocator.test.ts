import { describe, expect, test } from "bun:test";
import { AddressAllocator } from "./address-allocator.ts";
import { parseCidr } from "./subnet.ts";

function allocator(cidr: string, reserved: readonly string[] = [], last?: string): AddressAllocator {
  return new AddressAllocator(parseCidr(cidr).subnet, reserved, last);
}

function take(from: AddressAllocator, count: number): (string | undefined)[] {
  return Array.from({ length: count }, () => from.allocate());
}

describe("AddressAllocator", () => {
  test("goes up from the lowest free address", () => {
    expect(take(allocator("172.17.0.0/16", ["172.17.0.1", "172.17.0.3"]), 3)).toEqual([
      "172.17.0.2",
      "172.17.0.4",
      "172.17.0.5",
    ]);
  });

  test("lets a freed address rest until the others had their turn", () => {
    const addresses = allocator("10.0.0.0/29", ["10.0.0.1"]);
    const [first = ""] = take(addresses, 1);
    addresses.free(first);
    expect(take(addresses, 5)).toEqual(["10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6", "10.0.0.2"]);
    expect(addresses.allocate()).toBeUndefined();
  });

  test("goes on behind the last address of an earlier run, around the end too", () => {
    expect(take(allocator("10.0.0.0/29", ["10.0.0.1"], "10.0.0.4"), 2)).toEqual(["10.0.0.5", "10.0.0.6"]);
    expect(take(allocator("10.0.0.0/29", ["10.0.0.1"], "10.0.0.6"), 1)).toEqual(["10.0.0.2"]);
  });

  test("prefers the address that was asked for, when it is free and inside", () => {
    const addresses = allocator("10.0.0.0/29", ["10.0.0.1"]);
    expect(addresses.allocate("10.0.0.5")).toBe("10.0.0.5");
    expect(addresses.allocate("10.0.0.5")).toBe("10.0.0.2");
    expect(addresses.allocate("10.9.0.5")).toBe("10.0.0.3");
  });

  test("claims a given address in Docker's words", () => {
    const addresses = allocator("10.0.0.0/29", ["10.0.0.1"]);
    expect(addresses.claim("10.0.0.5")).toBe("10.0.0.5");
    expect(() => addresses.claim("10.0.0.5")).toThrow("Address already in use");
    expect(() => addresses.claim("10.0.0.7")).toThrow("Address already in use");
    expect(() => addresses.claim("10.0.1.5")).toThrow(
      "no configured subnet or ip-range contain the IP address 10.0.1.5",
    );
  });

  test("never hands out network and broadcast addresses, where there are such", () => {
    expect(take(allocator("10.0.0.0/30"), 2)).toEqual(["10.0.0.1", "10.0.0.2"]);
    expect(take(allocator("10.0.0.0/31"), 2)).toEqual(["10.0.0.0", "10.0.0.1"]);
  });
});

test("a range bounds what is chosen, not what is asked for", () => {
  const { subnet } = parseCidr("10.0.0.0/24");
  const addresses = new AddressAllocator(
    subnet,
    ["10.0.0.1", "10.0.0.65"],
    "10.0.0.200",
    parseCidr("10.0.0.64/30").subnet,
  );
  const next = (prefer?: string): string | undefined => addresses.allocate(prefer === undefined ? undefined : prefer);
  expect([next(), next("10.0.0.9"), next()]).toEqual(["10.0.0.64", "10.0.0.66", "10.0.0.67"]);
  expect(next()).toBeUndefined();
  expect(addresses.claim("10.0.0.9")).toBe("10.0.0.9");
});

test("of an IPv6 subnet the first is the routers', the last is like any other", () => {
  expect(take(allocator("fd00::/64", ["fd00::1"]), 2)).toEqual(["fd00::2", "fd00::3"]);
  expect(take(allocator("fd00::/126", [], "fd00::2"), 3)).toEqual(["fd00::3", "fd00::1", "fd00::2"]);
  expect(allocator("fd00::/64").claim("FD00:0::ffff")).toBe("fd00::ffff");
  expect(take(allocator("fd00::/126"), 4)).toEqual(["fd00::1", "fd00::2", "fd00::3", undefined]);
  expect(() => allocator("fd00::/64").claim("fd01::1")).toThrow(
    "no configured subnet or ip-range contain the IP address fd01::1",
  );
  expect(() => allocator("fd00::/64").claim("10.0.0.1")).toThrow(
    "no configured subnet or ip-range contain the IP address 10.0.0.1",
  );
});
