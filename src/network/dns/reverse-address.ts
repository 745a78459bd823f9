import { formatIpv6 } from "#host/netlink/address.ts";

/**
 * The address that a name under in-addr.arpa (RFC 1035, section 3.5) or ip6.arpa (RFC 3596, section 2.5) asks for, in its
 * canonical text; undefined for other names. `name`: in lower case.
 */
export function reverseAddress(name: string): string | undefined {
  if (!name.endsWith(".arpa")) return undefined;
  const four = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.in-addr\.arpa$/.exec(name);
  if (four !== null) return four.slice(1).toReversed().map(Number).join(".");
  const six = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(name)?.[1];
  if (six === undefined) return undefined;
  return formatIpv6(Uint8Array.fromHex(six.replaceAll(".", "").split("").toReversed().join("")));
}
