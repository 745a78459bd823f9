import { parseMac } from "#host/netlink/address.ts";
import type { NetlinkRequest } from "#host/netlink/message.ts";
import { openRouteSocketIn } from "#host/netlink/open.ts";
import { deleteLink } from "#host/netlink/rtnetlink.ts";
import type { NetlinkSocket } from "#host/netlink/socket.ts";
import { addIpvlan, addMacvlan } from "#host/netlink/upper-links.ts";
import type { IpFamily } from "../ipam/subnet.ts";
import { indexOf } from "../sandbox/index-of.ts";
import { configureInterfaces } from "../sandbox/interface.ts";
import type { Endpoint } from "../types.ts";
import { make } from "./parent-interface.ts";
import type { ParentSettings } from "./parent-settings.ts";

/** Make the endpoint's interface over the parent, inside the namespace, and configure it. On failure nothing is left. */
export function attachUpper(
  route: NetlinkSocket,
  settings: ParentSettings,
  parent: number,
  { endpoint, namespaceFd, defaultRoutes }: UpperPlace,
): void {
  const request = linkRequest(settings, parent, endpoint, namespaceFd);
  make(route, request, `failed to create the ${settings.driver} port`, settings.driver);
  try {
    configureInterfaces(namespaceFd, [{ endpoint, defaultRoutes, index: indexInside(namespaceFd, endpoint) }]);
  } catch (error) {
    detachUpper(namespaceFd, endpoint);
    throw error;
  }
}

function indexInside(namespaceFd: number, { interfaceName }: Endpoint): number {
  using inside = openRouteSocketIn(namespaceFd);
  return indexOf(inside, interfaceName);
}

export interface UpperPlace {
  readonly endpoint: Endpoint;
  readonly namespaceFd: number;
  readonly defaultRoutes: readonly IpFamily[];
}

/** No error when it is gone. */
export function detachUpper(namespaceFd: number, { interfaceName }: Endpoint): void {
  using inside = openRouteSocketIn(namespaceFd);
  inside.execute([deleteLink(interfaceName)], ["ENODEV"]);
}

function linkRequest(
  settings: ParentSettings,
  parent: number,
  { interfaceName: name, mac }: Endpoint,
  namespaceFd: number,
): NetlinkRequest {
  const { mtu } = settings;
  const common = { name, parent, namespace: { fd: namespaceFd }, ...(mtu === undefined ? {} : { mtu }) };
  if (settings.driver === "ipvlan") return addIpvlan({ ...common, mode: settings.mode, flag: settings.flag });
  return addMacvlan({ ...common, mac: parseMac(mac), mode: settings.mode });
}
