import { BerthError } from "#base/errors.ts";
import { commonSpec } from "../common-spec.ts";
import { checkAddressPlan } from "../ipam/address-plan.ts";
import { planPools, type Surroundings } from "../ipam/plan-pools.ts";
import { familyOf } from "../ipam/subnet.ts";
import type { NetworkSpec } from "../network-rows.ts";
import type { AddressPlan, NetworkInfo, NetworkRequest } from "../types.ts";
import { bridgeSettings } from "./bridge-settings.ts";

/** Pure: the whole description of a new bridge network. `interfaces` are the host's. */
export function planBridge(
  id: string,
  request: NetworkRequest,
  around: Surroundings & { readonly interfaces: ReadonlySet<string> },
): NetworkSpec {
  const addresses = request.addresses.filter((plan) => request.ipv6 || familyOf(plan.subnet) === 4);
  checkAddressPlan(addresses);
  refuseSeveral(addresses);
  const { modes } = bridgeSettings(request.options);
  if (!request.internal && (modes[4] === "isolated" || modes[6] === "isolated")) {
    throw new BerthError("invalid-parameter", "gateway mode 'isolated' can only be used for an internal network");
  }
  const bridgeName = chooseName(id, request, around.networks);
  return {
    ...commonSpec(request),
    driver: "bridge",
    pools: planPools({ ...request, addresses }, around),
    bridgeName,
    ownsBridge: !around.interfaces.has(bridgeName),
  };
}

function refuseSeveral(addresses: readonly AddressPlan[]): void {
  const six = addresses.filter(({ subnet }) => familyOf(subnet) === 6).length;
  if (six > 1 || addresses.length - six > 1) {
    throw new BerthError("forbidden", "bridge driver doesn't support multiple subnets");
  }
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
