import { addressBytes } from "../ipam/subnet.ts";

/**
 * An address and a port of TCP as programs at connect(2) compare and write them: four words and one, in network order. An
 * IPv4 address is written as IPv6 does (RFC 4291, section 2.5.5.2), so that one map has both families.
 */
export const SOCKET_ADDRESS_BYTES = 20;

export function socketAddressBytes(address: string, port: number): Uint8Array {
  const bytes = new Uint8Array(SOCKET_ADDRESS_BYTES);
  const ip = addressBytes(address);
  if (ip.length === 4) bytes.fill(0xff, 10, 12);
  bytes.set(ip, 16 - ip.length);
  bytes.set([port >> 8, port & 0xff], 16);
  return bytes;
}
