import { O_RDONLY } from "#host/linux.ts";
import { parseLink } from "#host/netlink/links.ts";
import type { NetlinkRequest } from "#host/netlink/message.ts";
import { openRouteSocketIn } from "#host/netlink/open.ts";
import { addAddress, addRoute, changeLink, getLink } from "#host/netlink/rtnetlink.ts";
import { NetlinkError, type NetlinkSocket } from "#host/netlink/socket.ts";
import { close, open } from "#host/syscalls.ts";
import { addressBytes, addressNumber } from "../ipam/subnet.ts";
import type { Endpoint } from "../types.ts";
import { writeSetting } from "./write-setting.ts";

/** RFC 3927, section 2.1. */
const LINK_LOCAL_PREFIX = 16;

/**
 * Give the endpoint's interface, which is in the namespace under its name already, its addresses and routes, and bring it
 * and `lo` up. Link-local addresses are refused before the link comes up: in one message the kernel would raise it first.
 */
export function configureInterface(namespaceFd: number, endpoint: Endpoint, isDefault: boolean): void {
  using inside = openRouteSocketIn(namespaceFd);
  const index = indexOf(inside, endpoint.interfaceName);
  inside.execute([
    changeLink("lo", { up: true }),
    changeLink(index, { ipv6LinkLocal: false }),
    changeLink(index, { up: true }),
    addAddress(index, addressBytes(addressNumber(endpoint.ipv4)), endpoint.prefixLength),
    ...endpoint.linkLocal.map((address) => addAddress(index, addressBytes(addressNumber(address)), LINK_LOCAL_PREFIX)),
    ...(isDefault ? [defaultRoute(endpoint, index)] : []),
  ]);
  for (const setting of endpoint.settings) writeSetting(namespaceFd, setting);
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
  if (endpoint.gateway === "") return addRoute({ linkIndex });
  return addRoute({ gateway: addressBytes(addressNumber(endpoint.gateway)), linkIndex });
}
