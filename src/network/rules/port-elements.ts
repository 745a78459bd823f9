import type { NetlinkRequest } from "#host/netlink/message.ts";
import { concatenate, type addElements, type SetElement, type TableName } from "#host/nftables/messages.ts";
import {
  addressBytes,
  addressIn,
  addressText,
  familyOf,
  lastAddress,
  parseCidr,
  type IpFamily,
} from "../ipam/subnet.ts";
import type { Endpoint, PortPublication } from "../types.ts";
import { portSetNames, type PortSetNames } from "./port-sets.ts";

/** Elements of the sets of published ports; see ./port-sets.ts. */
export type PortElements = Readonly<Record<IpFamily, Readonly<Record<keyof PortSetNames, readonly SetElement[]>>>>;

const protocolNumbers: Readonly<Record<PortPublication["protocol"], number>> = { tcp: 6, udp: 17, sctp: 132 };

/** Pure. Two publications that come to one element give it once. */
export function portElements(endpoints: readonly Pick<Endpoint, "ipv4" | "ipv6" | "ports">[]): PortElements {
  return { 4: elementsOf(4, endpoints), 6: elementsOf(6, endpoints) };
}

/** The requests that `make` the elements in their sets. */
export function portElementRequests(
  make: typeof addElements,
  table: TableName,
  elements: PortElements,
): NetlinkRequest[] {
  return ([4, 6] as const).flatMap((family) =>
    Object.values(ofEachKind((kind) => make(table, portSetNames[family][kind], elements[family][kind]))).flat(),
  );
}

type Collected = Readonly<Record<keyof PortSetNames, Map<string, SetElement>>>;

function elementsOf(
  family: IpFamily,
  endpoints: readonly Pick<Endpoint, "ipv4" | "ipv6" | "ports">[],
): PortElements[IpFamily] {
  const collected = ofEachKind(() => new Map<string, SetElement>());
  for (const { ipv4, ipv6, ports } of endpoints) {
    const container = family === 4 ? ipv4 : ipv6;
    if (container === "") continue;
    for (const port of ports.filter(({ hostIp }) => familyOf(hostIp) === family))
      add(collected, addressBytes(container), port);
  }
  return ofEachKind((kind) => [...collected[kind].values()]);
}

function ofEachKind<Value>(make: (kind: keyof PortSetNames) => Value): Readonly<Record<keyof PortSetNames, Value>> {
  return {
    publishedAt: make("publishedAt"),
    publishedAny: make("publishedAny"),
    screenedAt: make("screenedAt"),
    screenedAny: make("screenedAny"),
    publishedTo: make("publishedTo"),
    limited: make("limited"),
    allowed: make("allowed"),
    openTo: make("openTo"),
  };
}

function add(elements: Collected, address: Uint8Array, port: PortPublication): void {
  const put = (kind: keyof PortSetNames, element: SetElement): void =>
    void elements[kind].set(element.key.toHex(), element);
  const protocol = Uint8Array.of(protocolNumbers[port.protocol]);
  const containerPort = portBytes(port.containerPort);
  const place = concatenate(address, protocol, containerPort);
  if (port.hostPort === 0) {
    put("openTo", { key: place });
    return;
  }
  const hostPort = portBytes(port.hostPort);
  const value = concatenate(address, containerPort);
  const [any, at] =
    port.firewall === "host" ? (["screenedAny", "screenedAt"] as const) : (["publishedAny", "publishedAt"] as const);
  if (isAny(port.hostIp)) put(any, { key: concatenate(protocol, hostPort), value });
  else put(at, { key: concatenate(addressBytes(port.hostIp), protocol, hostPort), value });
  put("publishedTo", { key: place });
  if (port.allow === undefined) return;
  put("limited", { key: concatenate(place, hostPort) });
  for (const cidr of port.allow) {
    const { subnet } = parseCidr(cidr);
    if (subnet.family !== (address.length === 4 ? 4 : 6)) continue;
    const key = (value: bigint): Uint8Array =>
      concatenate(addressBytes(addressText(addressIn(subnet, value))), place, hostPort);
    put("allowed", { key: key(subnet.base), end: key(lastAddress(subnet)) });
  }
}

function isAny(hostIp: string): boolean {
  return hostIp === "0.0.0.0" || hostIp === "::";
}

export function portBytes(port: number): Uint8Array {
  return Uint8Array.of(port >> 8, port & 0xff);
}
