import { parseLink } from "#host/netlink/links.ts";
import { getLink } from "#host/netlink/rtnetlink.ts";
import { NetlinkError, type NetlinkSocket } from "#host/netlink/socket.ts";

const ENODEV = 19;

/** Of the interface in the namespace of the socket; NetlinkError ENODEV when there is none. */
export function indexOf(inside: NetlinkSocket, name: string): number {
  const message = inside.get(getLink(name));
  if (message === undefined) throw new NetlinkError(`get link ${name}`, ENODEV);
  return parseLink(message).index;
}
