import { BerthError } from "#base/errors.ts";
import type { AddressPlan, NetworkInfo, NetworkPool, NetworkRequest } from "../types.ts";
import { chooseSubnet, type AddressPool } from "./choose-subnet.ts";
import {
  addressIn,
  addressText,
  canonicalAddress,
  cidrText,
  contains,
  familyOf,
  lastAddress,
  machineAddresses,
  overlaps,
  parseAddress,
  parseCidr,
  type IpFamily,
  type Subnet,
} from "./subnet.ts";

/** What a new network has to keep clear of, and where its subnets are chosen from. */
export interface Surroundings {
  readonly networks: readonly NetworkInfo[];
  /** Subnets that the host reaches by its routes. */
  readonly routed: readonly Subnet[];
  readonly pools: readonly AddressPool[];
}

const anything: AddressPlan = { subnet: "", ipRange: "", gateway: "", auxiliary: {} };

/**
 * Pure: the subnets of a new network, IPv4 first. docker-compat: what was asked for of a family that is not enabled is left
 * out. `invalid-parameter` when no family is, `forbidden` in Docker's words for a subnet that overlaps another network's;
 * one that the host reaches already is a person's own choice.
 */
export function planPools(
  { ipv4, ipv6, addresses }: Pick<NetworkRequest, "ipv4" | "ipv6" | "addresses">,
  around: Surroundings,
): readonly NetworkPool[] {
  if (!ipv4 && !ipv6) throw new BerthError("invalid-parameter", "IPv4 or IPv6 must be enabled");
  const families: readonly IpFamily[] = [...(ipv4 ? [4 as const] : []), ...(ipv6 ? [6 as const] : [])];
  const planned: NetworkPool[] = [];
  for (const family of families) {
    const asked = addresses.filter(({ subnet }) => familyOf(subnet) === family);
    for (const plan of asked.length === 0 ? [anything] : asked) planned.push(planPool(family, plan, planned, around));
  }
  return planned;
}

/** The network's first subnet of this family. */
export function poolOf({ pools }: Pick<NetworkInfo, "pools">, family: IpFamily): NetworkPool | undefined {
  return pools.find(({ subnet }) => familyOf(subnet) === family);
}

function planPool(
  family: IpFamily,
  plan: AddressPlan,
  own: readonly NetworkPool[],
  { networks, routed, pools }: Surroundings,
): NetworkPool {
  const others = [...networks.flatMap((network) => network.pools), ...own].map((pool) => parseCidr(pool.subnet).subnet);
  const subnet =
    plan.subnet === "" ? chooseSubnet(family, pools, [...routed, ...others]) : parseCidr(plan.subnet).subnet;
  if (plan.subnet !== "" && others.some((other) => overlaps(other, subnet))) {
    throw new BerthError("forbidden", "invalid pool request: Pool overlaps with other one on this address space");
  }
  const chosen = chooseGateway(subnet, plan);
  refuseClashes(subnet, chosen, plan);
  return {
    subnet: cidrText(subnet),
    ipRange: plan.ipRange === "" ? "" : cidrText(parseCidr(plan.ipRange).subnet),
    gateway: chosen,
    auxiliary: Object.fromEntries(
      Object.entries(plan.auxiliary).map(([name, address]) => [name, canonicalAddress(address)]),
    ),
    asked: plan.subnet !== "",
  };
}

/** docker-compat: the one asked for, else the first address that is not set aside, also of the range when there is one. */
function chooseGateway(subnet: Subnet, { gateway, ipRange, auxiliary }: AddressPlan): string {
  if (gateway !== "") return canonicalAddress(gateway);
  const range = ipRange === "" ? subnet : parseCidr(ipRange).subnet;
  const taken = new Set(Object.values(auxiliary).map((address) => parseAddress(address).value));
  const { first } = machineAddresses(subnet);
  for (let address = range.base > first ? range.base : first; address <= lastAddress(range); address++) {
    const candidate = addressIn(subnet, address);
    if (isMachine(subnet, address) && contains(subnet, candidate) && !taken.has(address)) return addressText(candidate);
  }
  throw new BerthError("resource-exhausted", "failed to allocate gateway (): no available addresses on this pool");
}

/** docker-compat: the words of an allocator that was asked for the gateway first and then for each auxiliary address. */
function refuseClashes(subnet: Subnet, gateway: string, plan: AddressPlan): void {
  const taken = new Set<bigint>();
  const take = (address: string, what: string): void => {
    const { value } = parseAddress(address);
    if (!isMachine(subnet, value) || taken.has(value)) {
      throw new BerthError("invalid-parameter", `failed to allocate ${what}: Address already in use`);
    }
    taken.add(value);
  };
  take(gateway, `gateway (${plan.gateway})`);
  for (const [name, address] of Object.entries(plan.auxiliary))
    take(address, `secondary ip address (${name}:${address})`);
}

function isMachine(subnet: Subnet, address: bigint): boolean {
  const { first, last } = machineAddresses(subnet);
  return address >= first && address <= last;
}
