/** Checks of addresses as Go's net package does them. */
import { isIp } from "#base/ip-address.ts";

/** The address as it was written, without surrounding space. */
export function checkIpAddress(value: string): string {
  const address = value.trim();
  if (!isIp(address)) throw new Error(`IP address is not correctly formatted: ${value}`);
  return address;
}

/** EUI-48, EUI-64 or 20-octet addresses with `:`, `-` or `.` between. */
export function checkMacAddress(value: string): string {
  const address = value.trim();
  const octets = /^(?:[0-9a-fA-F]{2}([:-]))(?:[0-9a-fA-F]{2}\1){4}(?:[0-9a-fA-F]{2}\1[0-9a-fA-F]{2}\1)?[0-9a-fA-F]{2}$/;
  const words = /^[0-9a-fA-F]{4}\.[0-9a-fA-F]{4}\.[0-9a-fA-F]{4}(?:\.[0-9a-fA-F]{4})?$/;
  if (!octets.test(address) && !words.test(address)) throw new Error(`address ${value}: invalid MAC address`);
  return address;
}
