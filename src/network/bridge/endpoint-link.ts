import { BerthError } from "#base/errors.ts";
import { O_RDONLY } from "#host/kernel/linux.ts";
import { parseMac } from "#host/netlink/address.ts";
import { peerIndex } from "#host/netlink/links.ts";
import type { NetlinkRequest } from "#host/netlink/message.ts";
import { addVeth, changeLink, deleteLink, getLink, settleLink, type LinkChange } from "#host/netlink/rtnetlink.ts";
import type { NetlinkSocket } from "#host/netlink/socket.ts";
import { close, open } from "#host/kernel/syscalls.ts";
import { indexOf } from "../sandbox/index-of.ts";
import { configureInterfaces, type MadeInterface, type SandboxInterface } from "../sandbox/interface.ts";
import { limitRate } from "../sandbox/limit-rate.ts";
import type { Endpoint } from "../types.ts";

/** The host's end of an endpoint's veth pair; 15 characters are allowed. */
export function vethName(endpointId: string): string {
  return `veth${endpointId.slice(0, 7)}`;
}

/** What the host's end takes from its bridge. */
export interface BridgePort {
  /** Of the bridge. */
  readonly index: number;
  readonly mtu: number;
  /** The bridge itself keeps its containers apart. */
  readonly isolated: boolean;
}

/** An endpoint's interface, and where the host's end of its pair belongs. */
export interface BridgedInterface extends SandboxInterface {
  readonly bridge: BridgePort;
}

/**
 * Make the pairs, each with one end on its bridge and the other, named and configured, inside the namespace; `lo` comes up
 * too. Two exchanges in the host's namespace and one inside between them, whatever the number of networks: when they are
 * done, packets pass. On failure nothing is left.
 */
export function attachEndpoints(
  route: NetlinkSocket,
  networkNamespace: string,
  interfaces: readonly BridgedInterface[],
): void {
  const namespace = open(networkNamespace, O_RDONLY);
  try {
    const made = makePairs(route, namespace, interfaces);
    for (const { endpoint } of made) if (endpoint.rate !== undefined) limitHostEnd(route, endpoint);
    configureInterfaces(namespace, made);
    route.execute(settling(interfaces));
  } catch (error) {
    for (const { endpoint } of interfaces) detachEndpoint(route, endpoint.id);
    throw error;
  } finally {
    close(namespace);
  }
}

/** The kernel numbers the ends inside; it tells their numbers with the host's ends. */
function makePairs(
  route: NetlinkSocket,
  namespace: number,
  interfaces: readonly BridgedInterface[],
): readonly MadeInterface[] {
  const hostEnds = route.executeAndGet(interfaces.flatMap((one) => makingPair(one, namespace)));
  return interfaces.map((one, at) => {
    const hostEnd = hostEnds[at];
    if (hostEnd === undefined)
      throw new BerthError("unavailable", `the kernel did not tell of ${vethName(one.endpoint.id)}`);
    return { ...one, index: peerIndex(hostEnd) };
  });
}

/**
 * Link-local addresses are refused before the link comes up: in one message the kernel would raise it first. It is asked for
 * before, too: a link that is up without a carrier the kernel would first put to rest, see {@link settleLink}, and wait.
 */
function makingPair({ endpoint, bridge }: BridgedInterface, namespace: number): readonly NetlinkRequest[] {
  const name = vethName(endpoint.id);
  const peer = { name: endpoint.interfaceName, mac: parseMac(endpoint.mac), namespace: { fd: namespace } };
  return [
    addVeth({ name, mtu: bridge.mtu, master: bridge.index, peer }),
    getLink(name),
    changeLink(name, { ipv6LinkLocal: false }),
    changeLink(name, hostEnd(endpoint, bridge)),
  ];
}

/**
 * A host's end has had no carrier until the other one was up, and what waits for it comes late when the kernel is busy: until
 * then the end's queue and its bridge drop what they are given, a bridge's own queue too while it has no other port.
 */
const settling = (interfaces: readonly BridgedInterface[]): readonly NetlinkRequest[] => [
  ...interfaces.map(({ endpoint }) => settleLink(vethName(endpoint.id))),
  ...[...new Set(interfaces.map(({ bridge }) => bridge.index))].map(settleLink),
];

/** What the container receives: the host's end sends it. */
export function limitHostEnd(route: NetlinkSocket, endpoint: Endpoint): void {
  limitRate(route, indexOf(route, vethName(endpoint.id)), endpoint.rate);
}

/** Deleting one end deletes the pair. No error when it is gone, with the container's namespace for example. */
export function detachEndpoint(route: NetlinkSocket, endpointId: string): void {
  route.execute([deleteLink(vethName(endpointId))], ["ENODEV"]);
}

/**
 * Hairpin: where bridged packets pass the IP rules (br_netfilter, which dockerd and Kubernetes turn on), a container's
 * call to its own published port is redirected inside the bridge, and has to leave by the port it came in. Isolated: without
 * br_netfilter the rules do not see what the bridge passes from port to port, and it is the bridge that must refuse; with
 * it the rules do, and the bridge must let pass what they redirected.
 */
function hostEnd(endpoint: Endpoint, bridge: BridgePort): LinkChange {
  return {
    up: true,
    ...(endpoint.ports.length > 0 ? { hairpin: true } : {}),
    ...(bridge.isolated ? { isolated: true } : {}),
  };
}
