import type { NetworkPool } from "#spec/docker/network.ts";
import { inSubnet } from "./cidr.ts";

export interface IpamFlags {
  readonly subnets: readonly string[];
  readonly ranges: readonly string[];
  readonly gateways: readonly string[];
  readonly auxiliary: Readonly<Record<string, string>>;
}

/** Gives each range, gateway and auxiliary address to the subnet it lies in. Throws with docker's words. */
export function ipamPools({ subnets, ranges, gateways, auxiliary }: IpamFlags): readonly NetworkPool[] {
  if (subnets.length < ranges.length || subnets.length < gateways.length)
    throw new Error("every ip-range or gateway must have a corresponding subnet");
  const pools = new Map<string, NetworkPool>();
  for (const subnet of subnets) {
    for (const other of pools.keys()) {
      if (inSubnet(subnet, other) || inSubnet(other, subnet))
        throw new Error("multiple overlapping subnet configuration is not supported");
    }
    pools.set(subnet, { Subnet: subnet });
  }
  const place = (what: string, item: string, into: (pool: NetworkPool) => NetworkPool): void => {
    const holders = [...pools].filter(([subnet]) => inSubnet(subnet, item));
    if (holders.length === 0) throw new Error(`no matching subnet for ${what} ${item}`);
    for (const [subnet, pool] of holders) pools.set(subnet, into(pool));
  };
  for (const range of ranges) {
    place("range", range, (pool) => {
      if (pool.IPRange !== undefined)
        throw new Error(
          `cannot configure multiple ranges (${range}, ${pool.IPRange}) on the same subnet (${pool.Subnet ?? ""})`,
        );
      return { ...pool, IPRange: range };
    });
  }
  for (const gateway of gateways) {
    place("gateway", gateway, (pool) => {
      if (pool.Gateway !== undefined)
        throw new Error(
          `cannot configure multiple gateways (${gateway}, ${pool.Gateway}) for the same subnet (${pool.Subnet ?? ""})`,
        );
      return { ...pool, Gateway: gateway };
    });
  }
  for (const [key, address] of Object.entries(auxiliary)) {
    place("aux-address", address, (pool) => ({
      ...pool,
      AuxiliaryAddresses: { ...pool.AuxiliaryAddresses, [key]: address },
    }));
  }
  return [...pools.values()];
}
