import { BerthError } from "#base/errors.ts";
import type { AddressPlan } from "../types.ts";
import { addressNumber, cidrText, contains, lastAddress, parseCidr, type Subnet } from "./subnet.ts";

/** `invalid-parameter` with all that is wrong with what a person asked for, a line each, in Docker's words. */
export function checkAddressPlan(plans: readonly AddressPlan[]): void {
  const faults = plans.flatMap(faultsOf);
  if (faults.length > 0) throw new BerthError("invalid-parameter", `invalid network config:\n${faults.join("\n")}`);
}

function faultsOf({ subnet: text, ipRange, gateway, auxiliary }: AddressPlan): readonly string[] {
  const parsed = cidr(text);
  if (parsed === undefined) return [`invalid subnet ${text}: invalid CIDR block notation`];
  const { subnet } = parsed;
  const whole = cidrText(subnet);
  return [
    ...(whole === text ? [] : [`invalid subnet ${text}: it should be ${whole}`]),
    ...rangeFaults(ipRange, subnet),
    ...addressFaults("gateway", gateway, subnet),
    ...Object.entries(auxiliary).flatMap(([name, address]) =>
      addressFaults(`auxiliary address ${name}`, address, subnet),
    ),
  ];
}

function rangeFaults(text: string, subnet: Subnet): readonly string[] {
  if (text === "") return [];
  const range = cidr(text)?.subnet;
  if (range === undefined) return [`invalid ip-range ${text}: invalid CIDR block notation`];
  const parent = cidrText(subnet);
  if (range.prefixLength < subnet.prefixLength) {
    return [`invalid ip-range ${text}: CIDR block is bigger than its parent subnet ${parent}`];
  }
  if (cidrText(range) !== text) return [`invalid ip-range ${text}: it should be ${cidrText(range)}`];
  const inside = contains(subnet, range.base) && contains(subnet, lastAddress(range));
  return inside ? [] : [`invalid ip-range ${text}: parent subnet ${parent} doesn't contain ip-range`];
}

function addressFaults(what: string, text: string, subnet: Subnet): readonly string[] {
  if (text === "") return [];
  const prefix = what === "gateway" ? `invalid gateway ${text}` : `invalid ${what}`;
  const address = number(text);
  if (address === undefined) return [`${prefix}: invalid address`];
  return contains(subnet, address) ? [] : [`${prefix}: parent subnet ${cidrText(subnet)} doesn't contain this address`];
}

function cidr(text: string): ReturnType<typeof parseCidr> | undefined {
  try {
    return parseCidr(text);
  } catch {
    return undefined;
  }
}

function number(text: string): number | undefined {
  try {
    return addressNumber(text);
  } catch {
    return undefined;
  }
}
