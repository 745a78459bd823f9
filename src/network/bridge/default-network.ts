import type { NetworkCatalog } from "../catalog.ts";
import { poolOf } from "../ipam/plan-pools.ts";
import { overlaps, parseCidr, type Subnet } from "../ipam/subnet.ts";
import type { NetworkOptions } from "../network-options.ts";
import { emptySpec, type Network, type NetworkSpec } from "../network-rows.ts";
import type { Endpoint, NetworkPool } from "../types.ts";
import type { ChosenBridge } from "./choose-bridge.ts";
import { defaultIpv4, defaultIpv6 } from "./default-pools.ts";
import type { HostSide } from "./host-side.ts";

/** Choose the default network's interface and addresses, and write its row. `others` are the bridges that people made. */
export function putDefaultNetwork(
  deps: { readonly catalog: NetworkCatalog; readonly options: NetworkOptions; readonly host: HostSide },
  live: readonly Endpoint[],
  others: readonly Network[],
): void {
  const { catalog, options, host } = deps;
  const earlier = catalog.get("bridge");
  const inUse = live.some(({ networkId }) => networkId === earlier?.id);
  const reserved = others.flatMap(({ spec }) => spec.pools.map((pool) => parseCidr(pool.subnet).subnet));
  const chosen = host.choose(earlier === undefined ? undefined : bridgeOf(earlier.spec), inUse, reserved);
  const earlier6 = earlier === undefined ? undefined : poolOf(earlier.spec, 6);
  const routed = host.surroundings().routed.filter((subnet) => !isOwn(subnet, earlier6));
  const ipv6 = inUse && earlier6 !== undefined ? earlier6 : defaultIpv6(options, earlier6, [...routed, ...reserved]);
  catalog.put("bridge", {
    ...emptySpec,
    driver: "bridge",
    bridgeName: chosen.bridgeName,
    ownsBridge: chosen.ownsBridge,
    ipv6: ipv6 !== undefined,
    pools: [defaultIpv4(options, chosen), ...(ipv6 === undefined ? [] : [ipv6])],
    options: optionsOf(options, chosen.bridgeName),
  });
}

function bridgeOf(spec: NetworkSpec): ChosenBridge | undefined {
  const pool = poolOf(spec, 4);
  if (pool === undefined) return undefined;
  return { bridgeName: spec.bridgeName, ownsBridge: spec.ownsBridge, subnet: pool.subnet, gateway: pool.gateway };
}

/** A route of the bridge that is there from the last run. */
function isOwn(subnet: Subnet, pool: NetworkPool | undefined): boolean {
  return pool !== undefined && overlaps(subnet, parseCidr(pool.subnet).subnet);
}

/** The daemon's options for the default network, as the driver's options that they stand for. */
function optionsOf(options: NetworkOptions, bridgeName: string): Readonly<Record<string, string>> {
  const { interContainer, masquerade, publishAddress, mtu } = options;
  return {
    "com.docker.network.bridge.default_bridge": "true",
    "com.docker.network.bridge.enable_icc": String(interContainer !== false),
    "com.docker.network.bridge.enable_ip_masquerade": String(masquerade !== false),
    "com.docker.network.bridge.host_binding_ipv4": publishAddress ?? "0.0.0.0",
    "com.docker.network.bridge.name": bridgeName,
    "com.docker.network.driver.mtu": String(mtu ?? 1500),
  };
}
