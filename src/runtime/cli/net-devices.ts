import { BerthError } from "#base/errors.ts";
import { withFd } from "#host/files/files.ts";
import { O_RDONLY } from "#host/kernel/linux.ts";
import { parseLink, parseLinkAddress, type LinkAddress } from "#host/netlink/links.ts";
import { openRouteSocket, openRouteSocketIn } from "#host/netlink/open.ts";
import { addAddress, changeLink, dumpAddresses, getLink } from "#host/netlink/rtnetlink.ts";
import type { NetlinkSocket } from "#host/netlink/socket.ts";
import { open } from "#host/kernel/syscalls.ts";
import type { NetDevice } from "#spec/oci/runtime.ts";

/**
 * Move the host's interfaces into the network namespace at a path (config-linux.md, "Network Devices"): with their new
 * name, their addresses of more than link scope, and up. The kernel gives them back when the namespace ends.
 */
export function moveNetDevices(devices: Readonly<Record<string, NetDevice>>, namespace: string): void {
  withFd(open(namespace, O_RDONLY), (fd) => {
    using inside = openRouteSocketIn(fd);
    using outside = openRouteSocket();
    for (const [name, device] of Object.entries(devices)) move(outside, inside, name, device.name ?? name, fd);
  });
}

function move(outside: NetlinkSocket, inside: NetlinkSocket, name: string, newName: string, fd: number): void {
  const message = outside.get(getLink(name));
  if (message === undefined) throw new BerthError("not-found", `network device ${JSON.stringify(name)} does not exist`);
  const { index } = parseLink(message);
  const addresses = outside
    .dump(dumpAddresses())
    .map(parseLinkAddress)
    .filter((address) => address.linkIndex === index && !isLinkLocal(address));
  outside.execute([changeLink(index, { up: false })]);
  outside.execute([changeLink(index, { name: newName, namespace: { fd } })]);
  const moved = inside.get(getLink(newName));
  if (moved === undefined) throw new BerthError("internal", `network device ${newName} did not arrive`);
  const there = parseLink(moved).index;
  inside.execute([
    changeLink(there, { up: true }),
    ...addresses.map(({ address, prefixLength }) => addAddress(there, address, prefixLength)),
  ]);
}

const isLinkLocal = ({ address }: LinkAddress): boolean =>
  address.length === 16
    ? address[0] === 0xfe && ((address[1] ?? 0) & 0xc0) === 0x80
    : address[0] === 169 && address[1] === 254;
