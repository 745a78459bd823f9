import { linkIndex } from "#host/netlink/links.ts";
import { getLink } from "#host/netlink/rtnetlink.ts";
import { NetlinkError, type NetlinkSocket } from "#host/netlink/socket.ts";

const ENODEV = 19;

/** Of the interface of this name in the namespace of the socket; NetlinkError ENODEV when it is not there. */
export function indexOf(inside: NetlinkSocket, name: string): number {
  const message = inside.get(getLink(name));
  if (message === undefined) throw new NetlinkError(`get link ${name}`, ENODEV);
  return linkIndex(message);
}
