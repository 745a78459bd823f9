import type { NetlinkRequest } from "#host/netlink/message.ts";
import { concatenate, type addElements, type SetElement, type TableName } from "#host/nftables/messages.ts";
import { addressBytes, familyOf, type IpFamily } from "../ipam/subnet.ts";
import type { Endpoint, PortPublication } from "../types.ts";
import { portSetNames, type PortSetNames } from "./port-sets.ts";

/** Elements of the sets of published ports; see ./port-sets.ts. */
export type PortElements = Readonly<Record<IpFamily, Readonly<Record<keyof PortSetNames, readonly SetElement[]>>>>;

const protocolNumbers: Readonly<Record<PortPublication["protocol"], number>> = { tcp: 6, udp: 17, sctp: 132 };

/** Pure. Two publications of one container port give one element of `publishedTo`. */
export function portElements(endpoints: readonly Pick<Endpoint, "ipv4" | "ipv6" | "ports">[]): PortElements {
  return { 4: elementsOf(4, endpoints), 6: elementsOf(6, endpoints) };
}

/** The requests that `make` the elements in their sets. */
export function portElementRequests(
  make: typeof addElements,
  table: TableName,
  elements: PortElements,
): NetlinkRequest[] {
  return ([4, 6] as const).flatMap((family) => {
    const names = portSetNames[family];
    const { publishedAt, publishedAny, publishedTo, openTo } = elements[family];
    return [
      ...make(table, names.publishedAt, publishedAt),
      ...make(table, names.publishedAny, publishedAny),
      ...make(table, names.publishedTo, publishedTo),
      ...make(table, names.openTo, openTo),
    ];
  });
}

function elementsOf(
  family: IpFamily,
  endpoints: readonly Pick<Endpoint, "ipv4" | "ipv6" | "ports">[],
): PortElements[IpFamily] {
  const publishedAt: SetElement[] = [];
  const publishedAny: SetElement[] = [];
  const publishedTo = new Map<string, SetElement>();
  const openTo = new Map<string, SetElement>();
  for (const { ipv4, ipv6, ports } of endpoints) {
    const container = family === 4 ? ipv4 : ipv6;
    if (container === "") continue;
    const address = addressBytes(container);
    for (const port of ports.filter(({ hostIp }) => familyOf(hostIp) === family)) {
      const protocol = Uint8Array.of(protocolNumbers[port.protocol]);
      const value = concatenate(address, portBytes(port.containerPort));
      const hostPort = portBytes(port.hostPort);
      const target = `${container}/${port.protocol}/${port.containerPort}`;
      const place = { key: concatenate(address, protocol, portBytes(port.containerPort)) };
      if (port.hostPort === 0) {
        openTo.set(target, place);
        continue;
      }
      if (isAny(port.hostIp)) publishedAny.push({ key: concatenate(protocol, hostPort), value });
      else publishedAt.push({ key: concatenate(addressBytes(port.hostIp), protocol, hostPort), value });
      publishedTo.set(target, place);
    }
  }
  return { publishedAt, publishedAny, publishedTo: [...publishedTo.values()], openTo: [...openTo.values()] };
}

function isAny(hostIp: string): boolean {
  return hostIp === "0.0.0.0" || hostIp === "::";
}

function portBytes(port: number): Uint8Array {
  return Uint8Array.of(port >> 8, port & 0xff);
}
