import type { NetworkRate } from "#base/network-rate.ts";
import { O_RDONLY } from "#host/kernel/linux.ts";
import { openRouteSocketIn } from "#host/netlink/open.ts";
import { clearQdisc, setTokenBucket } from "#host/netlink/qdisc.ts";
import type { NetlinkSocket } from "#host/netlink/socket.ts";
import { close, open } from "#host/kernel/syscalls.ts";
import type { Endpoint } from "../types.ts";
import { indexOf } from "./index-of.ts";

/** How long a packet may wait for its turn before it is dropped. */
const QUEUE_SECONDS = 0.05;

/** Let the interface send at most at this rate, or as fast as it can. */
export function limitRate(route: NetlinkSocket, linkIndex: number, rate: NetworkRate | undefined): void {
  if (rate === undefined) {
    route.execute([clearQdisc(linkIndex)], ["ENOENT", "EINVAL"]);
    return;
  }
  const bytesPerSecond = Math.round(rate.bitsPerSecond / 8);
  const { burstBytes } = rate;
  const queueBytes = burstBytes + Math.round(bytesPerSecond * QUEUE_SECONDS);
  route.execute([setTokenBucket(linkIndex, { bytesPerSecond, burstBytes, queueBytes })]);
}

/** {@link limitRate} of an endpoint's interface inside its namespace, at this path. */
export function limitRateInside(networkNamespace: string, { interfaceName, rate }: Endpoint): void {
  const namespace = open(networkNamespace, O_RDONLY);
  try {
    using inside = openRouteSocketIn(namespace);
    limitRate(inside, indexOf(inside, interfaceName), rate);
  } finally {
    close(namespace);
  }
}
