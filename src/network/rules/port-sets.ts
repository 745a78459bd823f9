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
  /** Container address, protocol and port that something was translated to. */
  readonly publishedTo: string;
  /** Container address, protocol and port that are reached without translation. */
  readonly openTo: string;
}

export const portSetNames: Readonly<Record<IpFamily, PortSetNames>> = {
  4: { publishedAt: "published_at", publishedAny: "published_any", publishedTo: "published_to", openTo: "open_to" },
  6: { publishedAt: "published_at6", publishedAny: "published_any6", publishedTo: "published_to6", openTo: "open_to6" },
};

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
    { name: names.publishedTo, key: place },
    { name: names.openTo, key: place },
  ];
}

export function lookupPublishedAt(family: IpFamily): readonly Expression[] {
  return [...loadPlace(family), { kind: "lookup", set: portSetNames[family].publishedAt, key: 0, into: 0 }];
}

export function lookupPublishedAny(family: IpFamily): readonly Expression[] {
  const set = portSetNames[family].publishedAny;
  return [loadProtocol(0), loadDestinationPort(1), { kind: "lookup", set, key: 0, into: 0 }];
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

function loadPlace(family: IpFamily): readonly Expression[] {
  const next = slots[family];
  return [loadIpAddress("daddr", 0, family), loadProtocol(next), loadDestinationPort(next + 1)];
}
