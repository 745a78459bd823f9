import { BerthError } from "#base/errors.ts";
import { parseLink, parseLinkAddress, parseRoute, type Link } from "#host/netlink/links.ts";
import {
  addAddress,
  addBridge,
  changeLink,
  deleteAddress,
  deleteLink,
  dumpAddresses,
  dumpLinks,
  dumpRoutes,
  getLink,
} from "#host/netlink/rtnetlink.ts";
import type { NetlinkSocket } from "#host/netlink/socket.ts";
import { addressBytes, addressNumber, subnetOf, type Subnet } from "../ipam/subnet.ts";

export interface HostBridge {
  readonly name: string;
  /** The host's address on it, dotted decimal: the containers' gateway. */
  readonly gateway: string;
  readonly prefixLength: number;
  readonly mtu: number;
  /** Made by this engine: its settings are the engine's business. Another's bridge gets the gateway address, no more. */
  readonly own: boolean;
}

/**
 * Create the bridge or put right what differs, and bring it up: its index. It keeps one hardware address of its own; a
 * bridge without takes that of a port, and another one when the port goes. Without IPv6 addresses the bridge takes no
 * link-local one, by which containers would reach the host's IPv6 services.
 */
export function ensureBridge(route: NetlinkSocket, bridge: HostBridge): number {
  const gateway = addressBytes(addressNumber(bridge.gateway));
  if (findLink(route, bridge.name) === undefined) {
    route.execute([addBridge({ name: bridge.name, mac: Uint8Array.of(0x02, 0x42, ...gateway), mtu: bridge.mtu })]);
  }
  const link = findLink(route, bridge.name);
  if (link === undefined || link.kind !== "bridge") {
    throw new BerthError("conflict", `interface ${bridge.name} exists and is not a bridge`, {
      hint: "Name another bridge with --bridge.",
    });
  }
  const present = bridgeAddresses(route, link.index);
  const stale = present.filter(
    (address) => address.text !== bridge.gateway || address.prefixLength !== bridge.prefixLength,
  );
  const missing = stale.length === present.length ? [addAddress(link.index, gateway, bridge.prefixLength)] : [];
  if (bridge.own) {
    route.execute([
      ...stale.map((address) =>
        deleteAddress(link.index, addressBytes(addressNumber(address.text)), address.prefixLength),
      ),
      ...missing,
      changeLink(link.index, { up: true, mtu: bridge.mtu, ipv6LinkLocal: false }),
    ]);
  } else {
    route.execute([...missing, changeLink(link.index, { up: true })]);
  }
  return link.index;
}

export function deleteBridge(route: NetlinkSocket, name: string): void {
  route.execute([deleteLink(name)], ["ENODEV"]);
}

export function findLink(route: NetlinkSocket, name: string): Link | undefined {
  const message = route.get(getLink(name));
  return message === undefined ? undefined : parseLink(message);
}

export function listLinks(route: NetlinkSocket): Link[] {
  return route.dump(dumpLinks()).map(parseLink);
}

export function bridgeAddresses(
  route: NetlinkSocket,
  index: number,
): { readonly text: string; readonly prefixLength: number }[] {
  return route
    .dump(dumpAddresses())
    .map(parseLinkAddress)
    .filter((address) => address.linkIndex === index)
    .map((address) => ({ text: Array.from(address.address).join("."), prefixLength: address.prefixLength }));
}

/** Subnets this host reaches by a route of any table, other than the default route and those over `exceptIndex`. */
export function routedSubnets(route: NetlinkSocket, exceptIndex: number | undefined): Subnet[] {
  return route
    .dump(dumpRoutes())
    .map(parseRoute)
    .filter((found) => found.prefixLength > 0 && found.linkIndex !== exceptIndex && found.destination.length === 4)
    .map((found) => subnetOf(wordOf(found.destination), found.prefixLength));
}

function wordOf(bytes: Uint8Array): number {
  return bytes.reduce((value, byte) => value * 256 + byte, 0);
}
