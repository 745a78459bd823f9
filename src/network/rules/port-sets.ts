import type { Expression } from "#host/nftables/expression.ts";
import type { SetDefinition } from "#host/nftables/messages.ts";
import { loadDestinationPort, loadIpAddress, loadProtocol } from "#host/nftables/rule.ts";
import type { IpFamily } from "../ipam/subnet.ts";

/** The sets of published ports of one family. */
export interface PortSetNames {
  /** Host address, protocol and port -> container address and port. */
  readonly publishedAt: string;
  /** Protocol and port, whatever the host's address -> container address and port. */
  readonly publishedAny: string;
  /** The same two, of ports for which the host's own input rules decide: see ./screen.ts. */
  readonly screenedAt: string;
  readonly screenedAny: string;
  /** Container address, protocol and port that something was translated to. */
  readonly publishedTo: string;
  /** Container address, protocol and port, and the host's port: what not everybody may use. */
  readonly limited: string;
  /** Source address, and then the same: who may. */
  readonly allowed: string;
  /** Container address, protocol and port that are reached without translation. */
  readonly openTo: string;
}

export const portSetNames: Readonly<Record<IpFamily, PortSetNames>> = { 4: setNames(""), 6: setNames("6") };

function setNames(suffix: string): PortSetNames {
  return {
    publishedAt: `published_at${suffix}`,
    publishedAny: `published_any${suffix}`,
    screenedAt: `screened_at${suffix}`,
    screenedAny: `screened_any${suffix}`,
    publishedTo: `published_to${suffix}`,
    limited: `limited${suffix}`,
    allowed: `allowed${suffix}`,
    openTo: `open_to${suffix}`,
  };
}

/** What an address takes of the 32-bit slots. */
const slots = { 4: 1, 6: 4 } as const;

export function portSets(family: IpFamily): readonly SetDefinition[] {
  const names = portSetNames[family];
  const address = family === 4 ? "ipv4_addr" : "ipv6_addr";
  const value = [address, "inet_service"] as const;
  const place = [address, "inet_proto", "inet_service"] as const;
  return [
    { name: names.publishedAt, key: place, value },
    { name: names.publishedAny, key: ["inet_proto", "inet_service"], value },
    { name: names.screenedAt, key: place, value },
    { name: names.screenedAny, key: ["inet_proto", "inet_service"], value },
    { name: names.publishedTo, key: place },
    { name: names.limited, key: [...place, "inet_service"] },
    { name: names.allowed, key: [address, ...place, "inet_service"], ranges: true },
    { name: names.openTo, key: place },
  ];
}

/** Loads the container's address and port. */
export function lookupAt(family: IpFamily, set: "publishedAt" | "screenedAt"): readonly Expression[] {
  return [...loadPlace(family), { kind: "lookup", set: portSetNames[family][set], key: 0, into: 0 }];
}

/** Loads the container's address and port. */
export function lookupAny(family: IpFamily, set: "publishedAny" | "screenedAny"): readonly Expression[] {
  return [...loadPort(0), { kind: "lookup", set: portSetNames[family][set], key: 0, into: 0 }];
}

/** Goes on for packets of who may not use the port. */
export function lookupLimited(family: IpFamily): readonly Expression[] {
  const { limited, allowed } = portSetNames[family];
  const address = slots[family];
  const place = (at: number): Expression[] => [
    loadIpAddress("daddr", at, family),
    loadProtocol(at + address),
    loadDestinationPort(at + address + 1),
    { kind: "originalPort", into: at + address + 2 },
  ];
  return [
    ...place(0),
    { kind: "lookup", set: limited, key: 0 },
    loadIpAddress("saddr", 0, family),
    ...place(address),
    { kind: "lookup", set: allowed, key: 0, invert: true },
  ];
}

export function lookupPublishedTo(family: IpFamily): readonly Expression[] {
  return [...loadPlace(family), { kind: "lookup", set: portSetNames[family].publishedTo, key: 0 }];
}

export function lookupOpenTo(family: IpFamily): readonly Expression[] {
  return [...loadPlace(family), { kind: "lookup", set: portSetNames[family].openTo, key: 0 }];
}

/** To the address and port that a lookup has loaded. */
export function dnatTo(family: IpFamily): readonly Expression[] {
  return [{ kind: "dnat", family: family === 4 ? "ip" : "ip6", address: 0, port: slots[family] }];
}

export function loadPort(at: number): readonly Expression[] {
  return [loadProtocol(at), loadDestinationPort(at + 1)];
}

export function loadPlace(family: IpFamily): readonly Expression[] {
  const next = slots[family];
  return [loadIpAddress("daddr", 0, family), loadProtocol(next), loadDestinationPort(next + 1)];
}
