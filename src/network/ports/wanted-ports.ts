import { BerthError } from "#base/errors.ts";
import type { BridgeSettings } from "../bridge/bridge-settings.ts";
import { familyOf, type IpFamily } from "../ipam/subnet.ts";
import type { Endpoint, PortPublication } from "../types.ts";
import type { WantedPort } from "./host-ports.ts";

export interface PublicationPlan {
  /** Host ports to be taken. */
  readonly wanted: readonly WantedPort[];
  /** Reached at the container's own address, as such networks are; without a host port. */
  readonly open: readonly PortPublication[];
  /** On a host address of a family that the container does not have. */
  readonly impossible: readonly PortPublication[];
}

/**
 * Pure: what a container's publications come to in a bridge network. docker-compat: one without a host address is for both
 * families of the host; when ports are published on one IPv4 address by default, then there alone. A container that has IPv4
 * alone is reached from the host's IPv6 too, by a relay, but not the other way round.
 */
export function planPublications(
  publications: readonly PortPublication[],
  { ipv4, ipv6 }: Pick<Endpoint, "ipv4" | "ipv6">,
  { modes, publishAddress }: Pick<BridgeSettings, "modes" | "publishAddress">,
): PublicationPlan {
  const targets = { 4: ipv4, 6: ipv6 || ipv4 };
  const isAny = publishAddress === "" || publishAddress === "0.0.0.0";
  const everywhere = isAny ? ["0.0.0.0", "::"] : [publishAddress];
  /** A port of a container in a routed network has no port of the host. */
  const isOpen = (hostIp: string): boolean => isRouted(modes[familyOf(targets[familyOf(hostIp)])]);
  const isNative = (hostIp: string): boolean => familyOf(targets[familyOf(hostIp)]) === familyOf(hostIp);
  const wanted: WantedPort[] = [];
  const open: PortPublication[] = [];
  const impossible: PortPublication[] = [];
  for (const publication of publications) {
    const { hostIp, ...port } = publication;
    const addresses = (hostIp === "" ? everywhere : [hostIp]).filter((address) => targets[familyOf(address)] !== "");
    // A relay's packets are this host's own: no rule could tell by their source.
    const hosts = port.allow === undefined ? addresses : addresses.filter(isNative);
    if (hosts.length === 0) impossible.push(publication);
    const hostAddresses = hosts
      .filter((address) => !isOpen(address))
      .map((address) => ({
        hostIp: address,
        optional: hostIp === "" && hosts.length > 1,
        target: targets[familyOf(address)],
      }));
    if (hostAddresses.length > 0) wanted.push({ ...port, hostAddresses });
    const reached = hosts.filter((host) => isOpen(host) && isNative(host));
    if (port.allow !== undefined && reached.length > 0) {
      throw new BerthError("not-implemented", "allow lists of published ports need the gateway mode nat", {
        hint: "In the modes routed and isolated packets go to the container's own address: use the host's forwarding rules.",
      });
    }
    for (const address of reached) {
      open.push({ protocol: port.protocol, containerPort: port.containerPort, hostIp: address, hostPort: 0 });
    }
  }
  return { wanted, open, impossible };
}

function isRouted(mode: BridgeSettings["modes"][IpFamily]): boolean {
  return mode === "routed" || mode === "isolated";
}
