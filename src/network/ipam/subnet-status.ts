import { parseAddress, parseCidr, bitsOf, lastAddress, machineAddresses, type Subnet } from "./subnet.ts";
import type { NetworkPool } from "../types.ts";

export interface SubnetCounts {
  /** Addresses that nobody can get: given out, the gateway's, auxiliary ones, and those that are no machine's. */
  readonly inUse: bigint;
  /** Left of the range from which addresses are chosen. */
  readonly available: bigint;
}

/** How full one subnet is; `given` are the addresses of its endpoints, of other subnets too. */
export function countSubnet(pool: NetworkPool, given: readonly string[]): SubnetCounts {
  const { subnet } = parseCidr(pool.subnet);
  const range = pool.ipRange === "" ? subnet : parseCidr(pool.ipRange).subnet;
  const { first, last } = machineAddresses(subnet);
  const taken = new Set<bigint>();
  for (const text of [pool.gateway, ...Object.values(pool.auxiliary), ...given]) {
    if (text === "") continue;
    const { family, value } = parseAddress(text);
    if (family === subnet.family && value >= first && value <= last) taken.add(value);
  }
  const [low, high] = [max(first, range.base), min(last, lastAddress(range))];
  const inRange = [...taken].filter((value) => value >= low && value <= high).length;
  return {
    inUse: sizeOf(subnet) - (last - first + 1n) + BigInt(taken.size),
    available: high - low + 1n - BigInt(inRange),
  };
}

const sizeOf = ({ family, prefixLength }: Subnet): bigint => 1n << BigInt(bitsOf(family) - prefixLength);
const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);
const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);
