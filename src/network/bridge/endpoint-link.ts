import { O_RDONLY } from "#host/linux.ts";
import { parseMac } from "#host/netlink/address.ts";
import { parseLink } from "#host/netlink/links.ts";
import type { NetlinkRequest } from "#host/netlink/message.ts";
import { openRouteSocketIn } from "#host/netlink/open.ts";
import {
  addAddress,
  addRoute,
  addVeth,
  changeLink,
  deleteLink,
  getLink,
  type LinkChange,
} from "#host/netlink/rtnetlink.ts";
import { NetlinkError, type NetlinkSocket } from "#host/netlink/socket.ts";
import { close, open } from "#host/syscalls.ts";
import { addressBytes, addressNumber } from "../ipam/subnet.ts";
import type { Endpoint } from "../types.ts";

/** The host's end of an endpoint's veth pair; 15 characters are allowed. */
export function vethName(endpointId: string): string {
  return `veth${endpointId.slice(0, 7)}`;
}

/** What the host's end takes from its bridge. */
export interface BridgePort {
  /** Of the bridge. */
  readonly index: number;
  readonly mtu: number;
  /** The bridge itself keeps its containers apart. */
  readonly isolated: boolean;
}

/**
 * Make the pair, with one end on the bridge and the other, named and configured, inside the namespace; `lo` comes up too.
 * Two exchanges in the host's namespace and two inside, whatever the number of settings. On failure nothing is left.
 * Link-local addresses are refused before the link comes up: in one message the kernel would raise it first.
 */
export function attachEndpoint(
  route: NetlinkSocket,
  endpoint: Endpoint,
  place: { readonly networkNamespace: string; readonly defaultRoute: boolean },
  bridge: BridgePort,
): void {
  const name = vethName(endpoint.id);
  const namespace = open(place.networkNamespace, O_RDONLY);
  try {
    const peer = { name: endpoint.interfaceName, mac: parseMac(endpoint.mac), namespace: { fd: namespace } };
    route.execute([addVeth({ name, mtu: bridge.mtu, master: bridge.index, peer })]);
    try {
      route.execute([changeLink(name, { ipv6LinkLocal: false }), changeLink(name, hostEnd(endpoint, bridge))]);
      configureInside(namespace, endpoint, place.defaultRoute);
    } catch (error) {
      detachEndpoint(route, endpoint.id);
      throw error;
    }
  } finally {
    close(namespace);
  }
}

/** Deleting one end deletes the pair. No error when it is gone, with the container's namespace for example. */
export function detachEndpoint(route: NetlinkSocket, endpointId: string): void {
  route.execute([deleteLink(vethName(endpointId))], ["ENODEV"]);
}

/** What a container without any network has: its own loopback. */
export function bringLoopbackUp(namespacePath: string): void {
  const namespace = open(namespacePath, O_RDONLY);
  try {
    using inside = openRouteSocketIn(namespace);
    inside.execute([changeLink("lo", { up: true })]);
  } finally {
    close(namespace);
  }
}

/**
 * Hairpin: where bridged packets pass the IP rules (br_netfilter, which dockerd and Kubernetes turn on), a container's
 * call to its own published port is redirected inside the bridge, and has to leave by the port it came in. Isolated: without
 * br_netfilter the rules do not see what the bridge passes from port to port, and it is the bridge that must refuse; with
 * it the rules do, and the bridge must let pass what they redirected.
 */
function hostEnd(endpoint: Endpoint, bridge: BridgePort): LinkChange {
  return {
    up: true,
    ...(endpoint.ports.length > 0 ? { hairpin: true } : {}),
    ...(bridge.isolated ? { isolated: true } : {}),
  };
}

/** Let the default route of the namespace at `networkNamespace` go through this endpoint, which is there already. */
export function setDefaultRoute(networkNamespace: string, endpoint: Endpoint): void {
  const namespace = open(networkNamespace, O_RDONLY);
  try {
    using inside = openRouteSocketIn(namespace);
    inside.execute([defaultRoute(endpoint, indexOf(inside, endpoint.interfaceName))]);
  } finally {
    close(namespace);
  }
}

function indexOf(inside: NetlinkSocket, name: string): number {
  const message = inside.get(getLink(name));
  if (message === undefined) throw new NetlinkError(`get link ${name}`, 19);
  return parseLink(message).index;
}

/** Takes the place of one that is there. */
function defaultRoute(endpoint: Endpoint, linkIndex: number): NetlinkRequest {
  return addRoute({ gateway: addressBytes(addressNumber(endpoint.gateway)), linkIndex });
}

function configureInside(namespace: number, endpoint: Endpoint, isDefault: boolean): void {
  using inside = openRouteSocketIn(namespace);
  const index = indexOf(inside, endpoint.interfaceName);
  inside.execute([
    changeLink("lo", { up: true }),
    changeLink(index, { ipv6LinkLocal: false }),
    changeLink(index, { up: true }),
    addAddress(index, addressBytes(addressNumber(endpoint.ipv4)), endpoint.prefixLength),
    ...(isDefault ? [defaultRoute(endpoint, index)] : []),
  ]);
}
