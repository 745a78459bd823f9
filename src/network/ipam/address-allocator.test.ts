import { describe, expect, test } from "bun:test";
import { AddressAllocator } from "./address-allocator.ts";
import { addressNumber, addressText, parseCidr } from "./subnet.ts";

function allocator(cidr: string, reserved: readonly string[] = [], last?: string): AddressAllocator {
  return new AddressAllocator(
    parseCidr(cidr).subnet,
    reserved.map(addressNumber),
    last === undefined ? undefined : addressNumber(last),
  );
}

function take(from: AddressAllocator, count: number): string[] {
  return Array.from({ length: count }, () => addressText(from.allocate()));
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
    addresses.free(addressNumber(first));
    expect(take(addresses, 5)).toEqual(["10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6", "10.0.0.2"]);
    expect(() => addresses.allocate()).toThrow("no available IPv4 addresses on this network's address pools");
  });

  test("goes on behind the last address of an earlier run, around the end too", () => {
    expect(take(allocator("10.0.0.0/29", ["10.0.0.1"], "10.0.0.4"), 2)).toEqual(["10.0.0.5", "10.0.0.6"]);
    expect(take(allocator("10.0.0.0/29", ["10.0.0.1"], "10.0.0.6"), 1)).toEqual(["10.0.0.2"]);
  });

  test("prefers the address that was asked for, when it is free and inside", () => {
    const addresses = allocator("10.0.0.0/29", ["10.0.0.1"]);
    expect(addressText(addresses.allocate(addressNumber("10.0.0.5")))).toBe("10.0.0.5");
    expect(addressText(addresses.allocate(addressNumber("10.0.0.5")))).toBe("10.0.0.2");
    expect(addressText(addresses.allocate(addressNumber("10.9.0.5")))).toBe("10.0.0.3");
  });

  test("claims a given address in Docker's words", () => {
    const addresses = allocator("10.0.0.0/29", ["10.0.0.1"]);
    expect(addressText(addresses.claim(addressNumber("10.0.0.5")))).toBe("10.0.0.5");
    expect(() => addresses.claim(addressNumber("10.0.0.5"))).toThrow("Address already in use");
    expect(() => addresses.claim(addressNumber("10.0.0.7"))).toThrow("Address already in use");
    expect(() => addresses.claim(addressNumber("10.0.1.5"))).toThrow(
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
    [addressNumber("10.0.0.1"), addressNumber("10.0.0.65")],
    addressNumber("10.0.0.200"),
    parseCidr("10.0.0.64/30").subnet,
  );
  const next = (prefer?: string): string =>
    addressText(addresses.allocate(prefer === undefined ? undefined : addressNumber(prefer)));
  expect([next(), next("10.0.0.9"), next()]).toEqual(["10.0.0.64", "10.0.0.66", "10.0.0.67"]);
  expect(() => next()).toThrow("no available IPv4 addresses");
  expect(addressText(addresses.claim(addressNumber("10.0.0.9")))).toBe("10.0.0.9");
});
