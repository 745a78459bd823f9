import { BerthError } from "#base/errors.ts";
import { overlaps, parseCidr, type Subnet } from "./subnet.ts";

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
 * The first subnet of `pools` that overlaps none of `taken` (host routes and other networks). `resource-exhausted` with
 * Docker's sentence when there is none.
 */
export function chooseSubnet(pools: readonly AddressPool[], taken: readonly Subnet[]): Subnet {
  for (const pool of pools) {
    const step = 2 ** (32 - pool.size);
    for (let index = 0; index < 2 ** (pool.size - pool.base.prefixLength); index++) {
      const candidate = { base: pool.base.base + index * step, prefixLength: pool.size };
      if (!taken.some((other) => overlaps(candidate, other))) return candidate;
    }
  }
  throw new BerthError("resource-exhausted", "all predefined address pools have been fully subnetted", {
    hint: "Give the bridge a free subnet with --bip, e.g. --bip 10.200.0.1/24.",
  });
}
