import { concatenate, type SetElement } from "#host/nftables/messages.ts";
import { addressBytes, addressNumber } from "../ipam/subnet.ts";
import type { Endpoint, PortPublication } from "../types.ts";

/** Elements of the three sets of published ports; see ./table.ts. */
export interface PortElements {
  readonly publishedAt: readonly SetElement[];
  readonly publishedAny: readonly SetElement[];
  readonly publishedTo: readonly SetElement[];
}

const protocolNumbers: Readonly<Record<PortPublication["protocol"], number>> = { tcp: 6, udp: 17, sctp: 132 };

/** Pure. Two publications of one container port give one element of `publishedTo`. */
export function portElements(endpoints: readonly Pick<Endpoint, "ipv4" | "ports">[]): PortElements {
  const publishedAt: SetElement[] = [];
  const publishedAny: SetElement[] = [];
  const publishedTo = new Map<string, SetElement>();
  for (const { ipv4, ports } of endpoints) {
    const address = ipv4 === "" ? undefined : addressBytes(addressNumber(ipv4));
    if (address === undefined) continue;
    for (const port of ports) {
      const protocol = Uint8Array.of(protocolNumbers[port.protocol]);
      const value = concatenate(address, portBytes(port.containerPort));
      const hostPort = portBytes(port.hostPort);
      if (port.hostIp === "0.0.0.0") publishedAny.push({ key: concatenate(protocol, hostPort), value });
      else publishedAt.push({ key: concatenate(addressBytes(addressNumber(port.hostIp)), protocol, hostPort), value });
      const target = `${ipv4}/${port.protocol}/${port.containerPort}`;
      publishedTo.set(target, { key: concatenate(address, protocol, portBytes(port.containerPort)) });
    }
  }
  return { publishedAt, publishedAny, publishedTo: [...publishedTo.values()] };
}

function portBytes(port: number): Uint8Array {
  return Uint8Array.of(port >> 8, port & 0xff);
}
