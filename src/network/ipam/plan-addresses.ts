import { BerthError } from "#base/errors.ts";
import type { NetworkSpec } from "../network-rows.ts";
import type { AddressPlan, NetworkInfo } from "../types.ts";
import { chooseSubnet, type AddressPool } from "./choose-subnet.ts";
import { addressNumber, addressText, lastAddress, overlaps, parseCidr, type Subnet } from "./subnet.ts";

/** What a new network has to keep clear of, and where its subnet is chosen from. */
export interface Surroundings {
  readonly networks: readonly NetworkInfo[];
  /** Subnets that the host reaches by its routes. */
  readonly routed: readonly Subnet[];
  readonly pools: readonly AddressPool[];
}

/** `forbidden` in Docker's words for a subnet that overlaps another network's; one that the host reaches is a person's own choice. */
export function chooseNetworkSubnet({ subnet }: AddressPlan, { networks, routed, pools }: Surroundings): Subnet {
  const others = networks
    .filter((network) => network.subnet !== "")
    .map((network) => ({ network, subnet: parseCidr(network.subnet).subnet }));
  if (subnet === "") return chooseSubnet(pools, [...routed, ...others.map((other) => other.subnet)]);
  const own = parseCidr(subnet).subnet;
  if (others.some((other) => overlaps(other.subnet, own))) {
    throw new BerthError("forbidden", "invalid pool request: Pool overlaps with other one on this address space");
  }
  return own;
}

/** docker-compat: the one asked for, else the first address that is not set aside, also of the range when there is one. */
export function chooseGateway(subnet: Subnet, { gateway, ipRange, auxiliary }: AddressPlan): string {
  if (gateway !== "") return gateway;
  const range = ipRange === "" ? subnet : parseCidr(ipRange).subnet;
  const taken = new Set(Object.values(auxiliary));
  const first = range.base === subnet.base && subnet.prefixLength < 31 ? range.base + 1 : range.base;
  const last = subnet.prefixLength < 31 ? lastAddress(subnet) - 1 : lastAddress(subnet);
  for (let address = first; address <= Math.min(last, lastAddress(range)); address++) {
    if (!taken.has(addressText(address))) return addressText(address);
  }
  throw new BerthError("resource-exhausted", "failed to allocate gateway (): no available addresses on this pool");
}

/** Addresses of a network that are never chosen for a container. */
export function setAside(spec: Pick<NetworkSpec, "gateway" | "addresses">): readonly number[] {
  const { gateway, auxiliary } = spec.addresses;
  const gateways = [spec.gateway, gateway].filter((address) => address !== "");
  return [...gateways, ...Object.values(auxiliary)].map(addressNumber);
}
