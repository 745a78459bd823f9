import type { Endpoint, NetworkPool } from "../types.ts";
import { macOfAddress } from "./mac.ts";
import { addressBytes, type IpFamily } from "./subnet.ts";

/** An address that is taken, and the subnet it is of. */
export interface Lease {
  readonly address: string;
  readonly prefixLength: number;
  readonly pool: NetworkPool;
}

/** One of each family that the network has. */
export type Leases = Readonly<Partial<Record<IpFamily, Lease>>>;

/** The addresses of an endpoint, with the gateways of their subnets. */
export function addressesOf(
  leases: Leases,
): Pick<Endpoint, "ipv4" | "prefixLength" | "gateway" | "ipv6" | "ipv6PrefixLength" | "ipv6Gateway"> {
  const { 4: four, 6: six } = leases;
  return {
    ipv4: four?.address ?? "",
    prefixLength: four?.prefixLength ?? 0,
    gateway: four?.pool.gateway ?? "",
    ipv6: six?.address ?? "",
    ipv6PrefixLength: six?.prefixLength ?? 0,
    ipv6Gateway: six?.pool.gateway ?? "",
  };
}

/** The hardware address of an endpoint that asks for none. */
export function macOfLeases(leases: Leases): string {
  return macOfAddress(addressBytes((leases[4] ?? leases[6])?.address ?? "0.0.0.0"));
}
