import { contains, familyOf, parseAddress, parseCidr } from "../ipam/subnet.ts";
import type { Endpoint, PortPublication } from "../types.ts";
import { socketAddressBytes } from "./socket-address.ts";

/** What this host's own 127.0.0.0/8 and ::1 lead to. */
export interface LoopbackPort {
  /** As bytes: a loopback address and its port, or 0.0.0.0 or :: for all of them. */
  readonly at: Uint8Array;
  /** The container's. */
  readonly target: Uint8Array;
}

/** Pure. TCP alone: a socket of UDP may live longer than the container that it once spoke to. */
export function loopbackPorts({ ipv4, ipv6, ports }: Pick<Endpoint, "ipv4" | "ipv6" | "ports">): LoopbackPort[] {
  return ports.flatMap((port) => {
    const address = familyOf(port.hostIp) === 4 ? ipv4 : ipv6;
    if (address === "" || !isAtLoopback(port)) return [];
    const target = socketAddressBytes(address, port.containerPort);
    return [{ at: socketAddressBytes(port.hostIp, port.hostPort), target }];
  });
}

/**
 * Without addresses in whose subnet the host has none itself: it may have no way to them, or one that leads out of the machine.
 * In CIDR.
 */
export function withinReach<One extends Pick<Endpoint, "ipv4" | "ipv6">>(
  endpoint: One,
  hostAddresses: readonly string[],
): One {
  const subnets = hostAddresses.map((cidr) => parseCidr(cidr).subnet);
  const ifNear = (address: string): string =>
    address !== "" && subnets.some((subnet) => contains(subnet, parseAddress(address))) ? address : "";
  return { ...endpoint, ipv4: ifNear(endpoint.ipv4), ipv6: ifNear(endpoint.ipv6) };
}

function isAtLoopback({ protocol, hostIp, hostPort }: PortPublication): boolean {
  return (
    protocol === "tcp" && hostPort !== 0 && (hostIp.startsWith("127.") || ["0.0.0.0", "::", "::1"].includes(hostIp))
  );
}
