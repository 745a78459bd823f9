import { attributeMap } from "#host/netlink/attributes.ts";
import type { NetlinkSocket } from "#host/netlink/socket.ts";
import { dumpLinks } from "#host/netlink/rtnetlink.ts";

const IFINFOMSG_SIZE = 16;
/** rtnetlink(7): struct rtnl_link_stats64, whose second number is of packets sent. */
const IFLA_STATS64 = 23;
const TX_PACKETS = 8;

/**
 * Whether no interface of the socket's network namespace has sent a packet: then nobody in it has reached anything, and nothing of
 * anybody's can linger there. What others sent to it does not count.
 */
export function isUntouched(inside: NetlinkSocket): boolean {
  return inside.dump(dumpLinks()).every(({ payload }) => sentBy(payload) === 0n);
}

function sentBy(link: Uint8Array): bigint | undefined {
  const counters = attributeMap(link, IFINFOMSG_SIZE).get(IFLA_STATS64);
  if (counters === undefined || counters.length < TX_PACKETS + 8) return undefined;
  return new DataView(counters.buffer, counters.byteOffset).getBigUint64(TX_PACKETS, true);
}
