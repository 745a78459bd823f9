import { createHash } from "node:crypto";
import { BerthError } from "#base/errors.ts";
import { bitsOf, overlaps, parseCidr, type IpFamily, type Subnet } from "./subnet.ts";

export interface AddressPool {
  readonly base: Subnet;
  /** Prefix length of the subnets that are cut from it. */
  readonly size: number;
}

/** docker-compat: 172.17.0.0/16 to 172.31.0.0/16, then 192.168.0.0/16 in /20 pieces. */
export const defaultAddressPools: readonly AddressPool[] = [
  ...Array.from({ length: 15 }, (_, index) => ({ base: parseCidr(`172.${17 + index}.0.0/16`).subnet, size: 16 })),
  { base: parseCidr("192.168.0.0/16").subnet, size: 20 },
];

/**
 * docker-compat: where a person names no IPv6 pool, subnets of 64 bits from a unique local /48 (RFC 4193, section 3.2.2)
 * whose global id is derived from the engine's own, so that it is the same at each start and unlike other machines'.
 */
export function uniqueLocalPool(engineId: string): AddressPool {
  const id = createHash("sha256").update(engineId).digest().subarray(3, 8);
  const base = id.reduce((value, byte) => value * 256n + BigInt(byte), 0xfdn) << 80n;
  return { base: { family: 6, base, prefixLength: 48 }, size: 64 };
}

/** Where networks of people take their subnets from. */
export function poolsOf(options: {
  readonly addressPools?: readonly AddressPool[] | undefined;
  readonly engineId: string;
}): readonly AddressPool[] {
  return [...(options.addressPools ?? defaultAddressPools), uniqueLocalPool(options.engineId)];
}

/**
 * The first subnet of this family of `pools` that overlaps none of `taken` (host routes and other networks).
 * `invalid-parameter` with Docker's sentence when there is none: docker-compat, clients know it by that.
 */
export function chooseSubnet(family: IpFamily, pools: readonly AddressPool[], taken: readonly Subnet[]): Subnet {
  for (const { base, size } of pools.filter((pool) => pool.base.family === family)) {
    const step = 1n << BigInt(bitsOf(family) - size);
    const end = base.base + (1n << BigInt(bitsOf(family) - base.prefixLength));
    for (let first = base.base; first < end; first += step) {
      const candidate = { family, base: first, prefixLength: size };
      if (!taken.some((other) => overlaps(candidate, other))) return candidate;
    }
  }
  throw new BerthError("invalid-parameter", "all predefined address pools have been fully subnetted", {
    hint: "Name a free subnet with --subnet, or more pools with --default-address-pool.",
  });
}
