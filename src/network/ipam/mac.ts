import { formatIpv6, parseMac } from "#host/netlink/address.ts";

/**
 * docker-compat: 02:42 and the last four bytes of the address, so that a reused address never meets a stale neighbour
 * entry.
 */
export function macOfAddress(address: Uint8Array): string {
  return [0x02, 0x42, ...address.subarray(-4)].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}

/** fe80::/64 with the interface's EUI-64 (RFC 4291, appendix A), as the kernel would choose it. */
export function linkLocalOfMac(mac: string): string {
  const [first = 0, ...rest] = parseMac(mac);
  const bytes = new Uint8Array(16);
  bytes.set([0xfe, 0x80]);
  bytes.set([first ^ 0x02, ...rest.slice(0, 2), 0xff, 0xfe, ...rest.slice(2)], 8);
  return formatIpv6(bytes);
}
