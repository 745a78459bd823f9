import { BerthError } from "#base/errors.ts";
import { commonSpec } from "../common-spec.ts";
import { checkAddressPlan } from "../ipam/address-plan.ts";
import { planPools, type Surroundings } from "../ipam/plan-pools.ts";
import { familyOf } from "../ipam/subnet.ts";
import type { Network, NetworkSpec } from "../network-rows.ts";
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
  const addresses = request.addresses.filter((plan) => request.ipv6 || familyOf(plan.subnet) === 4);
  checkAddressPlan(addresses);
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
  const pools = planPools({ ...request, addresses }, around);
  const hasGateways = !request.internal && usesGateway(settings);
  return {
    ...commonSpec(request),
    driver,
    pools: hasGateways ? pools : pools.map((pool) => ({ ...pool, gateway: "" })),
    parent: parent === "" ? ownParentName(driver, id) : parent,
    ownsParent: !isThere || sharing.some(({ spec }) => spec.ownsParent),
  };
}
