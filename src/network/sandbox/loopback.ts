import { O_RDONLY } from "#host/kernel/linux.ts";
import { openRouteSocketIn } from "#host/netlink/open.ts";
import { changeLink } from "#host/netlink/rtnetlink.ts";
import { close, open } from "#host/kernel/syscalls.ts";

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
