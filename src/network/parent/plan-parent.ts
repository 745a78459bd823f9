import { BerthError } from "#base/errors.ts";
import { commonSpec } from "../common-spec.ts";
import { checkAddressPlan } from "../ipam/address-plan.ts";
import { chooseGateway, chooseNetworkSubnet, type Surroundings } from "../ipam/plan-addresses.ts";
import { cidrText } from "../ipam/subnet.ts";
import { noAddresses, type Network, type NetworkSpec } from "../network-rows.ts";
import type { NetworkRequest } from "../types.ts";
import { ownParentName, parentSettings, parseVlanName, usesGateway, type ParentDriverName } from "./parent-settings.ts";

export interface ParentSurroundings extends Surroundings {
  /** Of this driver. */
  readonly siblings: readonly Network[];
  /** The host's. */
  readonly interfaces: ReadonlySet<string>;
}

/**
 * Pure: the whole description of a new macvlan or ipvlan network. `forbidden` for a parent that cannot be shared: an ipvlan
 * one, whose mode is the parent's, and with macvlan one that somebody has for himself (passthru).
 */
export function planParentNetwork(
  driver: ParentDriverName,
  id: string,
  request: NetworkRequest,
  around: ParentSurroundings,
): NetworkSpec {
  checkAddressPlan(request.addresses);
  const [addresses = noAddresses, another] = request.addresses;
  if (another !== undefined) {
    throw new BerthError("not-implemented", `not supported by this engine yet: several subnets of a ${driver} network`);
  }
  const settings = parentSettings(driver, request.options);
  const { parent } = settings;
  const sharing = around.siblings.filter(({ spec }) => parent !== "" && spec.parent === parent);
  for (const { id: other, spec } of sharing) {
    const theirs = parentSettings(driver, spec.options);
    if (driver === "macvlan" && settings.mode !== "passthru" && theirs.mode !== "passthru") continue;
    throw new BerthError(
      "forbidden",
      `network ${ownParentName(driver, other)} is already using parent interface ${parent}`,
    );
  }
  const isThere = around.interfaces.has(parent);
  if (parent !== "" && !isThere) parseVlanName(parent);
  const subnet = chooseNetworkSubnet(addresses, around);
  return {
    ...commonSpec(request),
    driver,
    addresses,
    subnet: cidrText(subnet),
    gateway: !request.internal && usesGateway(settings) ? chooseGateway(subnet, addresses) : "",
    parent: parent === "" ? ownParentName(driver, id) : parent,
    ownsParent: !isThere || sharing.some(({ spec }) => spec.ownsParent),
  };
}
