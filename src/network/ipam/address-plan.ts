import { BerthError } from "#base/errors.ts";
import { isIp } from "#base/ip-address.ts";
import { listFaults } from "../list-faults.ts";
import type { AddressPlan } from "../types.ts";
import {
  addressIn,
  cidrText,
  contains,
  familyOf,
  lastAddress,
  overlaps,
  parseAddress,
  parseCidr,
  type Subnet,
} from "./subnet.ts";

/** `invalid-parameter` with all that is wrong with what a person asked for, a line each, in Docker's words. */
export function checkAddressPlan(plans: readonly AddressPlan[]): void {
  const faults = plans.flatMap(faultsOf);
  if (faults.length > 0) throw new BerthError("invalid-parameter", `invalid network config:\n${listFaults(faults)}`);
}

function faultsOf({ subnet: text, ipRange, gateway, auxiliary }: AddressPlan): readonly string[] {
  const parsed = cidr(text);
  if (parsed === undefined) return [`invalid subnet ${text}: invalid CIDR block notation`];
  const { subnet, address } = parsed;
  return [
    ...(address.value === subnet.base ? [] : [`invalid subnet ${text}: it should be ${cidrText(subnet)}`]),
    ...rangeFaults(ipRange, subnet),
    ...addressFaults("gateway", gateway, subnet),
    ...Object.entries(auxiliary).flatMap(([name, member]) =>
      addressFaults(`auxiliary address ${name}`, member, subnet),
    ),
  ];
}

function rangeFaults(text: string, subnet: Subnet): readonly string[] {
  if (text === "") return [];
  const parsed = cidr(text);
  if (parsed === undefined) return [`invalid ip-range ${text}: invalid CIDR block notation`];
  const { subnet: range, address } = parsed;
  if (range.family !== subnet.family) return [`invalid ip-range ${text}: ${otherBlock(subnet)}`];
  const parent = cidrText(subnet);
  if (range.prefixLength < subnet.prefixLength) {
    return [`invalid ip-range ${text}: CIDR block is bigger than its parent subnet ${parent}`];
  }
  if (address.value !== range.base) return [`invalid ip-range ${text}: it should be ${cidrText(range)}`];
  const inside = overlaps(subnet, range) && contains(subnet, addressIn(range, lastAddress(range)));
  return inside ? [] : [`invalid ip-range ${text}: parent subnet ${parent} doesn't contain ip-range`];
}

function addressFaults(what: string, text: string, subnet: Subnet): readonly string[] {
  if (text === "") return [];
  const prefix = what === "gateway" ? `invalid gateway ${text}` : `invalid ${what}`;
  if (!isIp(text)) return [`${prefix}: invalid address`];
  if (familyOf(text) !== subnet.family) return [`${prefix}: ${otherBlock(subnet)}`];
  if (contains(subnet, parseAddress(text))) return [];
  return [`${prefix}: parent subnet ${cidrText(subnet)} doesn't contain this address`];
}

function otherBlock({ family }: Subnet): string {
  return `parent subnet is an IPv${family} block`;
}

function cidr(text: string): ReturnType<typeof parseCidr> | undefined {
  try {
    return parseCidr(text);
  } catch {
    return undefined;
  }
}
