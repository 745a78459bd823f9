import { BerthError } from "#base/errors.ts";
import { commonSpec } from "../common-spec.ts";
import { checkAddressPlan } from "../ipam/address-plan.ts";
import { chooseGateway, chooseNetworkSubnet, type Surroundings } from "../ipam/plan-addresses.ts";
import { cidrText } from "../ipam/subnet.ts";
import { noAddresses, type NetworkSpec } from "../network-rows.ts";
import type { NetworkInfo, NetworkRequest } from "../types.ts";
import { bridgeSettings } from "./bridge-settings.ts";

/** Pure: the whole description of a new bridge network. `interfaces` are the host's. */
export function planBridge(
  id: string,
  request: NetworkRequest,
  around: Surroundings & { readonly interfaces: ReadonlySet<string> },
): NetworkSpec {
  checkAddressPlan(request.addresses);
  const [addresses = noAddresses, another] = request.addresses;
  if (another !== undefined) {
    throw new BerthError("forbidden", "bridge driver doesn't support multiple subnets");
  }
  const bridgeName = chooseName(id, request, around.networks);
  const subnet = chooseNetworkSubnet(addresses, around);
  return {
    ...commonSpec(request),
    driver: "bridge",
    addresses,
    subnet: cidrText(subnet),
    gateway: chooseGateway(subnet, addresses),
    bridgeName,
    ownsBridge: !around.interfaces.has(bridgeName),
  };
}

function chooseName(id: string, request: NetworkRequest, networks: readonly NetworkInfo[]): string {
  const { bridgeName: wanted } = bridgeSettings(request.options);
  const bridgeName = wanted === "" ? `br-${id.slice(0, 12)}` : wanted;
  const user = networks.find((network) => network.bridgeName === bridgeName);
  if (user === undefined) return bridgeName;
  throw new BerthError(
    "forbidden",
    `cannot create network ${id} (${bridgeName}): conflicts with network ${user.id} (${bridgeName}): networks have same bridge name`,
  );
}
