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

const any = { 4: "0.0.0.0", 6: "::" } as const;

/**
 * Pure: what a container's publications come to in a bridge network. docker-compat: one without a host address is for both
 * families, as far as the container has them; when ports are published on one IPv4 address by default, then there alone.
 */
export function planPublications(
  publications: readonly PortPublication[],
  container: Pick<Endpoint, "ipv4" | "ipv6">,
  { modes, publishAddress }: Pick<BridgeSettings, "modes" | "publishAddress">,
  published: readonly IpFamily[],
): PublicationPlan {
  const targets = { 4: container.ipv4, 6: container.ipv6 };
  const has = (family: IpFamily): boolean => targets[family] !== "" && published.includes(family);
  const isAny = publishAddress === "" || publishAddress === any[4];
  const everywhere = ([4, 6] as const)
    .filter((family) => has(family) && (family === 4 || isAny))
    .map((family) => (family === 4 && !isAny ? publishAddress : any[family]));
  const wanted: WantedPort[] = [];
  const open: PortPublication[] = [];
  const impossible: PortPublication[] = [];
  for (const publication of publications) {
    const { hostIp, ...port } = publication;
    const hosts = hostIp === "" ? everywhere : [hostIp].filter((address) => has(familyOf(address)));
    if (hosts.length === 0) impossible.push(publication);
    const translated = hosts.filter((address) => !isRouted(modes[familyOf(address)]));
    const hostAddresses = translated.map((address) => ({
      hostIp: address,
      optional: hostIp === "" && hosts.length > 1,
      target: targets[familyOf(address)],
    }));
    if (hostAddresses.length > 0) wanted.push({ ...port, hostAddresses });
    for (const address of hosts.filter((host) => isRouted(modes[familyOf(host)]))) {
      open.push({ protocol: port.protocol, containerPort: port.containerPort, hostIp: address, hostPort: 0 });
    }
  }
  return { wanted, open, impossible };
}

function isRouted(mode: BridgeSettings["modes"][IpFamily]): boolean {
  return mode === "routed" || mode === "isolated";
}
