import { parseLink } from "#host/netlink/links.ts";
import { getLink } from "#host/netlink/rtnetlink.ts";
import { NetlinkError, type NetlinkSocket } from "#host/netlink/socket.ts";

const ENODEV = 19;

/** Of the interfaces in the namespace of the socket, in the order of their names; NetlinkError ENODEV when one is not there. */
export function indexesOf(inside: NetlinkSocket, names: readonly string[]): readonly number[] {
  return inside.getEach(names.map(getLink)).map((message, at) => {
    if (message === undefined) throw new NetlinkError(`get link ${names[at]}`, ENODEV);
    return parseLink(message).index;
  });
}

/** {@link indexesOf} of one. */
export function indexOf(inside: NetlinkSocket, name: string): number {
  return indexesOf(inside, [name])[0] ?? 0;
}
