import { BerthError } from "#base/errors.ts";
import { formatIp } from "#host/netlink/address.ts";
import { parseLink, parseLinkAddress, parseRoute, type Link } from "#host/netlink/links.ts";
import {
  addAddress,
  addBridge,
  addLocalRoute,
  changeLink,
  deleteAddress,
  deleteLink,
  dumpAddresses,
  dumpLinks,
  dumpRoutes,
  getLink,
} from "#host/netlink/rtnetlink.ts";
import type { NetlinkSocket } from "#host/netlink/socket.ts";
import { addressBytes, familyOf, parseAddress, subnetOf, type Subnet } from "../ipam/subnet.ts";

export interface HostBridge {
  readonly name: string;
  /** The host's addresses on it, in CIDR, the containers' gateways among them. */
  readonly addresses: readonly string[];
  readonly mac: Uint8Array;
  readonly mtu: number;
  /** Made by this engine: its settings are the engine's business. Another's bridge gets the addresses, no more. */
  readonly own: boolean;
}

/** docker-compat: the host's link-local address on every bridge with IPv6. */
const LINK_LOCAL = "fe80::1/64";

/**
 * Create the bridge or put right what differs, and bring it up: its index. It keeps one hardware address of its own; a
 * bridge without takes that of a port, and another one when the port goes. Without IPv6 addresses the bridge takes no
 * link-local one, by which containers would reach the host's IPv6 services.
 */
export function ensureBridge(route: NetlinkSocket, bridge: HostBridge): number {
  if (findLink(route, bridge.name) === undefined) {
    route.execute([addBridge({ name: bridge.name, mac: bridge.mac, mtu: bridge.mtu })]);
  }
  const link = findLink(route, bridge.name);
  if (link === undefined || link.kind !== "bridge") {
    throw new BerthError("conflict", `interface ${bridge.name} exists and is not a bridge`, {
      hint: "Name another bridge with --bridge.",
    });
  }
  const six = bridge.addresses.some((address) => familyOf(address) === 6);
  const wanted = [...new Set([...bridge.addresses, ...(six && bridge.own ? [LINK_LOCAL] : [])])];
  const present = bridgeAddresses(route, link.index);
  const missing = wanted
    .filter((cidr) => !present.includes(cidr))
    .map((cidr) => addAddress(link.index, ...split(cidr)));
  if (bridge.own) {
    const stale = present.filter((cidr) => !wanted.includes(cidr));
    route.execute([
      changeLink(link.index, { mtu: bridge.mtu, ipv6LinkLocal: false }),
      ...stale.map((cidr) => deleteAddress(link.index, ...split(cidr))),
      ...missing,
      changeLink(link.index, { up: true }),
    ]);
  } else {
    route.execute([...missing, changeLink(link.index, { up: true })]);
  }
  // Answers to what the host sent from ::1 to a published port come in here; the kernel wants a route for that.
  if (six) route.execute([addLocalRoute(addressBytes("::1"), link.index)]);
  return link.index;
}

function split(cidr: string): [address: Uint8Array, prefixLength: number] {
  const [address = "", length = ""] = cidr.split("/");
  return [addressBytes(address), Number(length)];
}

/** No error when it is gone. */
export function removeLink(route: NetlinkSocket, name: string): void {
  route.execute([deleteLink(name)], ["ENODEV"]);
}

export function findLink(route: NetlinkSocket, name: string): Link | undefined {
  const message = route.get(getLink(name));
  return message === undefined ? undefined : parseLink(message);
}

export function listLinks(route: NetlinkSocket): Link[] {
  return route.dump(dumpLinks()).map(parseLink);
}

/** Of both families, in CIDR. */
export function bridgeAddresses(route: NetlinkSocket, index: number): readonly string[] {
  return families
    .flatMap((family) => route.dump(dumpAddresses(family)))
    .map(parseLinkAddress)
    .filter((address) => address.linkIndex === index)
    .map((address) => `${formatIp(address.address)}/${address.prefixLength}`);
}

/** Subnets this host reaches by a route of any table, other than the default route, multicast and what every link has. */
export function routedSubnets(route: NetlinkSocket): readonly Subnet[] {
  return families
    .flatMap((family) => route.dump(dumpRoutes(family)))
    .map(parseRoute)
    .filter((found) => found.prefixLength > 0 && !isOfEveryLink(found.destination))
    .map((found) => subnetOf(parseAddress(formatIp(found.destination)), found.prefixLength));
}

const families = [4, 6] as const;

/** fe80::/10 and ff00::/8. */
function isOfEveryLink([first = 0, second = 0, ...rest]: Uint8Array): boolean {
  return rest.length > 2 && (first === 0xff || (first === 0xfe && (second & 0xc0) === 0x80));
}
