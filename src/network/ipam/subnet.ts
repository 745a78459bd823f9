import { BerthError } from "#base/errors.ts";

/** IPv4 arithmetic on addresses as unsigned 32-bit numbers. */
export interface Subnet {
  /** First address, host bits zero. */
  readonly base: number;
  readonly prefixLength: number;
}

/** Dotted decimal; `invalid-parameter` otherwise. */
export function addressNumber(text: string): number {
  const parts = text.split(".");
  const numbers = parts.map(Number);
  if (parts.length !== 4 || !parts.every((part, index) => /^\d{1,3}$/.test(part) && (numbers[index] ?? 256) < 256)) {
    throw new BerthError("invalid-parameter", `invalid IPv4 address: ${text}`);
  }
  return numbers.reduce((value, byte) => value * 256 + byte, 0);
}

export function addressText(value: number): string {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff).join(".");
}

/** Network byte order. */
export function addressBytes(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

/** "172.17.0.5/16": the subnet and the address in it. `invalid-parameter` otherwise. */
export function parseCidr(text: string): { readonly subnet: Subnet; readonly address: number } {
  const match = /^(\d+\.\d+\.\d+\.\d+)\/(\d{1,2})$/.exec(text);
  const prefixLength = Number(match?.[2] ?? 33);
  if (match?.[1] === undefined || prefixLength > 32) {
    throw new BerthError("invalid-parameter", `invalid CIDR address: ${text}`);
  }
  const address = addressNumber(match[1]);
  return { subnet: subnetOf(address, prefixLength), address };
}

export function subnetOf(address: number, prefixLength: number): Subnet {
  return { base: (address & maskOf(prefixLength)) >>> 0, prefixLength };
}

export function cidrText(subnet: Subnet): string {
  return `${addressText(subnet.base)}/${subnet.prefixLength}`;
}

/** The highest address: broadcast, where the subnet has one. */
export function lastAddress(subnet: Subnet): number {
  return (subnet.base | ~maskOf(subnet.prefixLength)) >>> 0;
}

export function contains(subnet: Subnet, address: number): boolean {
  return address >= subnet.base && address <= lastAddress(subnet);
}

export function overlaps(a: Subnet, b: Subnet): boolean {
  return contains(a, b.base) || contains(b, a.base);
}

function maskOf(prefixLength: number): number {
  return prefixLength === 0 ? 0 : (0xffffffff << (32 - prefixLength)) >>> 0;
}
