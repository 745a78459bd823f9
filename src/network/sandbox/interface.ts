import { O_RDONLY } from "#host/linux.ts";
import type { NetlinkRequest } from "#host/netlink/message.ts";
import { openRouteSocketIn } from "#host/netlink/open.ts";
import { addAddress, addRoute, changeLink } from "#host/netlink/rtnetlink.ts";
import { close, open } from "#host/syscalls.ts";
import { gatewayOf } from "../default-route.ts";
import { linkLocalOfMac, macOfAddress } from "../ipam/mac.ts";
import { addressBytes, familyOf, type IpFamily } from "../ipam/subnet.ts";
import type { Endpoint } from "../types.ts";
import { indexOf } from "./index-of.ts";
import { limitRate } from "./limit-rate.ts";
import { writeSetting } from "./write-setting.ts";

/** RFC 3927, section 2.1; RFC 4291, section 2.5.6. */
const linkLocalPrefix = { 4: 16, 6: 64 } as const;

/**
 * Give the endpoint's interface, which is in the namespace under its name already, its addresses, routes and settings, and
 * bring it and `lo` up. The kernel's own link-local address is refused before the link comes up: in one message the kernel
 * would raise it first. With IPv6 the interface gets the same one without waiting for duplicates, and learns neither
 * addresses nor routers from its neighbours.
 */
export function configureInterface(namespaceFd: number, endpoint: Endpoint, defaultRoutes: readonly IpFamily[]): void {
  using inside = openRouteSocketIn(namespaceFd);
  const name = endpoint.interfaceName;
  const index = indexOf(inside, name);
  if (endpoint.ipv6 !== "") writeSetting(namespaceFd, { path: `net/ipv6/conf/${name}/accept_ra`, value: "0" });
  inside.execute([
    changeLink("lo", { up: true }),
    changeLink(index, { ipv6LinkLocal: false }),
    changeLink(index, { up: true }),
    ...addressesOf(endpoint).map(({ address, prefixLength }) => addAddress(index, addressBytes(address), prefixLength)),
    ...defaultRoutes.map((family) => defaultRoute(endpoint, family, index)),
  ]);
  if (endpoint.rate !== undefined) limitRate(inside, index, endpoint.rate);
  for (const setting of endpoint.settings) writeSetting(namespaceFd, setting);
}

/** Let the default route of the namespace at `networkNamespace` go through this endpoint, which is there already. */
export function setDefaultRoute(networkNamespace: string, endpoint: Endpoint, family: IpFamily): void {
  const namespace = open(networkNamespace, O_RDONLY);
  try {
    using inside = openRouteSocketIn(namespace);
    inside.execute([defaultRoute(endpoint, family, indexOf(inside, endpoint.interfaceName))]);
  } finally {
    close(namespace);
  }
}

function addressesOf({ ipv4, prefixLength, ipv6, ipv6PrefixLength, mac, linkLocal }: Endpoint) {
  // Interfaces that share their parent's hardware address need a link-local address of their own.
  const own = ipv6 === "" ? [] : [linkLocalOfMac(mac || macOfAddress(addressBytes(ipv6)))];
  return [
    ...(ipv4 === "" ? [] : [{ address: ipv4, prefixLength }]),
    ...[...new Set([...own, ...linkLocal])].map((address) => ({
      address,
      prefixLength: linkLocalPrefix[familyOf(address)],
    })),
    ...(ipv6 === "" ? [] : [{ address: ipv6, prefixLength: ipv6PrefixLength }]),
  ];
}

/** Takes the place of one that is there. */
function defaultRoute(endpoint: Endpoint, family: IpFamily, linkIndex: number): NetlinkRequest {
  const gateway = gatewayOf(endpoint, family);
  return gateway === "" ? addRoute({ family, linkIndex }) : addRoute({ gateway: addressBytes(gateway), linkIndex });
}
