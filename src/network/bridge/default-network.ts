import { parseCidr } from "../ipam/subnet.ts";
import type { NetworkCatalog } from "../catalog.ts";
import type { NetworkOptions } from "../network-options.ts";
import { emptySpec, noGuard, type Network } from "../network-rows.ts";
import type { Endpoint } from "../types.ts";
import { defaultAddresses } from "./default-addresses.ts";
import type { HostSide } from "./host-side.ts";

/** Choose the default network's interface, addresses and guard, and write its row. `others` are the bridges that people made. */
export function putDefaultNetwork(
  deps: { readonly catalog: NetworkCatalog; readonly options: NetworkOptions; readonly host: HostSide },
  live: readonly Endpoint[],
  others: readonly Network[],
): void {
  const { catalog, options, host } = deps;
  const earlier = catalog.get("bridge");
  const inUse = live.some(({ networkId }) => networkId === earlier?.id);
  const reserved = others.map((network) => parseCidr(network.spec.subnet).subnet);
  const chosen = host.choose(earlier?.spec, inUse, reserved);
  const guard = host.chooseGuard(earlier?.spec.guard ?? noGuard, [
    chosen.bridgeName,
    ...others.map((network) => network.spec.bridgeName),
  ]);
  const addresses = defaultAddresses(options, chosen);
  const driverOptions = optionsOf(options, chosen.bridgeName);
  catalog.put("bridge", { ...emptySpec, ...chosen, guard, driver: "bridge", options: driverOptions, addresses });
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
