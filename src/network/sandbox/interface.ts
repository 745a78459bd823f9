import { hasCode } from "#host/kernel/errno.ts";
import { O_RDONLY } from "#host/kernel/linux.ts";
import type { NetlinkRequest } from "#host/netlink/message.ts";
import { openRouteSocketIn } from "#host/netlink/open.ts";
import { addAddress, addRoute, changeLink, settleLink } from "#host/netlink/rtnetlink.ts";
import { close, open } from "#host/kernel/syscalls.ts";
import { gatewayOf } from "../default-route.ts";
import { linkLocalOfMac, macOfAddress } from "../ipam/mac.ts";
import { addressBytes, familyOf, type IpFamily } from "../ipam/subnet.ts";
import type { Endpoint } from "../types.ts";
import { indexOf } from "./index-of.ts";
import { limitRate } from "./limit-rate.ts";
import { writeSetting } from "./write-setting.ts";

/** RFC 3927, section 2.1; RFC 4291, section 2.5.6. */
const linkLocalPrefix = { 4: 16, 6: 64 } as const;

/** An endpoint's interface, and the families of which it gives its container the default route. */
export interface SandboxInterface {
  readonly endpoint: Endpoint;
  readonly defaultRoutes: readonly IpFamily[];
}

/** One that is there. */
export interface MadeInterface extends SandboxInterface {
  /** In its namespace. */
  readonly index: number;
}

/**
 * Give the interfaces of a container's endpoints, which are in the namespace under their names already, their addresses,
 * routes and settings, and bring them and `lo` up: in one exchange, whatever their number. The kernel's own link-local
 * address is refused before the link comes up: in one message the kernel would raise it first. With IPv6 an interface gets
 * the same one without waiting for duplicates. It learns neither addresses nor routers from its neighbours, and without
 * IPv6 of its network's it has none at all (CVE-2020-13401).
 */
export function configureInterfaces(namespaceFd: number, interfaces: readonly MadeInterface[]): void {
  using inside = openRouteSocketIn(namespaceFd);
  for (const { endpoint } of interfaces) closeToNeighbours(namespaceFd, endpoint);
  inside.execute([
    changeLink("lo", { up: true }),
    ...interfaces.flatMap(configuring),
    ...interfaces.map(({ index }) => settleLink(index)),
  ]);
  for (const { endpoint, index } of interfaces) {
    if (endpoint.rate !== undefined) limitRate(inside, index, endpoint.rate);
    for (const setting of endpoint.settings) writeSetting(namespaceFd, setting);
  }
}

function closeToNeighbours(namespaceFd: number, endpoint: Endpoint): void {
  const folder = `net/ipv6/conf/${endpoint.interfaceName}`;
  if (hasIpv6(endpoint)) return writeSetting(namespaceFd, { path: `${folder}/accept_ra`, value: "0" });
  try {
    writeSetting(namespaceFd, { path: `${folder}/disable_ipv6`, value: "1" });
  } catch (error) {
    // A kernel that has no IPv6.
    if (!hasCode((error as Error).cause, "ENOENT")) throw error;
  }
}

const hasIpv6 = (endpoint: Endpoint): boolean => addressesOf(endpoint).some(({ address }) => familyOf(address) === 6);

function configuring({ endpoint, defaultRoutes, index }: MadeInterface): readonly NetlinkRequest[] {
  return [
    ...(hasIpv6(endpoint) ? [changeLink(index, { ipv6LinkLocal: false })] : []),
    changeLink(index, { up: true }),
    ...addressesOf(endpoint).map(({ address, prefixLength }) => addAddress(index, addressBytes(address), prefixLength)),
    ...defaultRoutes.map((family) => defaultRoute(endpoint, family, index)),
  ];
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
