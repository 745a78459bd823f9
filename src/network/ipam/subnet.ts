import { BerthError } from "#base/errors.ts";
import { isIp, isIpv4 } from "#base/ip-address.ts";
import { formatIp, parseIp } from "#host/netlink/address.ts";

export type IpFamily = 4 | 6;

export interface IpAddress {
  readonly family: IpFamily;
  /** Unsigned, of 32 or 128 bits. */
  readonly value: bigint;
}

export interface Subnet {
  readonly family: IpFamily;
  /** First address, host bits zero. */
  readonly base: bigint;
  readonly prefixLength: number;
}

export function bitsOf(family: IpFamily): number {
  return family === 4 ? 32 : 128;
}

/** Of an address or CIDR. */
export function familyOf(text: string): IpFamily {
  return text.includes(":") ? 6 : 4;
}

/** `invalid-parameter` for what is no address. */
export function parseAddress(text: string): IpAddress {
  const value = parseIp(text).reduce((number, byte) => number * 256n + BigInt(byte), 0n);
  return { family: familyOf(text), value };
}

/** RFC 5952 for IPv6. */
export function addressText({ family, value }: IpAddress): string {
  const size = bitsOf(family) / 8;
  return formatIp(
    Uint8Array.from({ length: size }, (_, index) => Number((value >> BigInt(8 * (size - 1 - index))) & 255n)),
  );
}

/** The one way of writing an address, so that texts can be compared. */
export function canonicalAddress(text: string): string {
  return formatIp(parseIp(text));
}

/** Network byte order. */
export const addressBytes = parseIp;

/** "172.17.0.5/16": the subnet and the address in it. `invalid-parameter` otherwise. */
export function parseCidr(text: string): { readonly subnet: Subnet; readonly address: IpAddress } {
  const slash = text.indexOf("/");
  const [ip, length] = [text.slice(0, Math.max(slash, 0)), text.slice(slash + 1)];
  const width = isIpv4(ip) ? 32 : 128;
  if (slash < 0 || !isIp(ip) || !/^\d{1,3}$/.test(length) || Number(length) > width) {
    throw new BerthError("invalid-parameter", `invalid CIDR address: ${text}`);
  }
  const address = parseAddress(ip);
  return { subnet: subnetOf(address, Number(length)), address };
}

export function subnetOf({ family, value }: IpAddress, prefixLength: number): Subnet {
  const hostBits = BigInt(bitsOf(family) - prefixLength);
  return { family, base: (value >> hostBits) << hostBits, prefixLength };
}

export function cidrText(subnet: Subnet): string {
  return `${addressText(addressIn(subnet, subnet.base))}/${subnet.prefixLength}`;
}

/** An address of the subnet's family. */
export function addressIn({ family }: Subnet, value: bigint): IpAddress {
  return { family, value };
}

/** The highest address: broadcast, where the subnet has one. */
export function lastAddress({ family, base, prefixLength }: Subnet): bigint {
  return base + (1n << BigInt(bitsOf(family) - prefixLength)) - 1n;
}

/** The first and last that a machine can have: not the network's own and the broadcast address, not the routers' anycast. */
export function machineAddresses(subnet: Subnet): { readonly first: bigint; readonly last: bigint } {
  const last = lastAddress(subnet);
  // Subnets of two addresses and of one have neither (RFC 3021, RFC 6164).
  if (bitsOf(subnet.family) - subnet.prefixLength <= 1) return { first: subnet.base, last };
  return { first: subnet.base + 1n, last: subnet.family === 4 ? last - 1n : last };
}

export function contains(subnet: Subnet, { family, value }: IpAddress): boolean {
  return family === subnet.family && value >= subnet.base && value <= lastAddress(subnet);
}

export function overlaps(a: Subnet, b: Subnet): boolean {
  return contains(a, addressIn(b, b.base)) || contains(b, addressIn(a, a.base));
}
