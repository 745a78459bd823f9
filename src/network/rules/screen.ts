import type { NetlinkRequest } from "#host/netlink/message.ts";
import type { Expression } from "#host/nftables/expression.ts";
import { addChain, addElements, addRule, addSet, addTable, type TableName } from "#host/nftables/messages.ts";
import { hostU32, iifname, verdict } from "#host/nftables/rule.ts";
import { addressBytes, familyOf, type IpFamily } from "../ipam/subnet.ts";
import type { Endpoint } from "../types.ts";
import type { PortElements } from "./port-elements.ts";
import { loadPort, loadPlace, portSetNames, portSets } from "./port-sets.ts";
import { removeTable } from "./table.ts";

/**
 * Ports that the host's own input rules decide upon. A translated packet is forwarded, so those rules never see it. Here
 * the first packet of a connection is not translated when it comes in:
 *
 *   wire ─▶ prerouting ─▶ input: the host's rules, with the port that was asked for ─▶ ours, last: a copy goes out by
 *     (nothing is translated)           │                                               one interface of a pair of the
 *                                    dropped, rejected: as for any port of the host     engine's, the packet itself ends
 *                                                                                           │
 *   container ◀─ forward ◀─ prerouting: translated, as it comes by the other interface  ◀───┘
 *
 * From then on the connection is known, and its packets are translated as they come, without this way round. A packet
 * that is copied has left connection tracking, and one that crosses the pair begins anew; the copied one was not confirmed
 * and is forgotten. Tables of one family each: inet has no `dup` (nft(8)).
 */
export interface ScreenLinks {
  /** Where copies leave: its index. */
  readonly outIndex: number;
  /** Where they come in again. */
  readonly inName: string;
}

/** After the rules of any firewall, before the connection is confirmed. */
const PRIORITY = 2000;
const families = [4, 6] as const;
/** Neighbours that are not there: the pair asks for no hardware addresses. RFC 7600; RFC 4291. */
const beyond = { 4: "192.0.0.8", 6: "fe80::1" } as const;

/** The tables of `name`, in place of what was there. */
export function replaceScreen(name: string, links: ScreenLinks, ports: PortElements): NetlinkRequest[] {
  return families.flatMap((family) => {
    const table = tableOf(name, family);
    const names = portSetNames[family];
    const { screenedAt, screenedAny } = ports[family];
    if (screenedAt.length + screenedAny.length === 0) return removeTable(table);
    const sets = portSets(family)
      .filter((set) => set.name === names.screenedAt || set.name === names.screenedAny)
      .map(({ name: set, key }) => ({ name: set, key }));
    const pass = [...iifname(links.inName, "neq")];
    const back = sendBack(family, links);
    return [
      ...removeTable(table),
      addTable(table),
      ...sets.map((set, index) => addSet(table, set, index + 1)),
      ...addElements(table, names.screenedAt, keysOf(screenedAt)),
      ...addElements(table, names.screenedAny, keysOf(screenedAny)),
      addChain(table, "input", { type: "filter", hook: "input", priority: PRIORITY, policy: "accept" }),
      addRule(table, { chain: "input", expressions: [...pass, ...loadPlace(family), isIn(names.screenedAt), ...back] }),
      addRule(table, { chain: "input", expressions: [...pass, ...loadPort(0), isIn(names.screenedAny), ...back] }),
    ];
  });
}

/** No error when they are not there. */
export function removeScreen(name: string): NetlinkRequest[] {
  return families.flatMap((family) => removeTable(tableOf(name, family)));
}

/** The requests that `make` the elements in tables that are in place; see {@link screenedFamilies}. */
export function screenElementRequests(make: typeof addElements, name: string, ports: PortElements): NetlinkRequest[] {
  return families.flatMap((family) =>
    (["screenedAt", "screenedAny"] as const).flatMap((kind) =>
      make(tableOf(name, family), portSetNames[family][kind], keysOf(ports[family][kind])),
    ),
  );
}

/** Families that have a table while these are published. */
export function screenedFamilies(endpoints: Iterable<Pick<Endpoint, "ipv4" | "ipv6" | "ports">>): readonly IpFamily[] {
  const all = [...endpoints];
  return families.filter((family) =>
    all.some(
      ({ ipv4, ipv6, ports }) =>
        (family === 4 ? ipv4 : ipv6) !== "" &&
        ports.some((port) => port.firewall === "host" && port.hostPort !== 0 && familyOf(port.hostIp) === family),
    ),
  );
}

function tableOf(name: string, family: IpFamily): TableName {
  return { family: family === 4 ? "ip" : "ip6", name };
}

function isIn(set: string): Expression {
  return { kind: "lookup", set, key: 0 };
}

function keysOf(elements: PortElements[IpFamily]["screenedAt"]): PortElements[IpFamily]["screenedAt"] {
  return elements.map(({ key }) => ({ key }));
}

function sendBack(family: IpFamily, { outIndex }: ScreenLinks): Expression[] {
  return [
    { kind: "immediate", into: 0, value: addressBytes(beyond[family]) },
    { kind: "immediate", into: 4, value: hostU32(outIndex) },
    { kind: "dup", address: 0, device: 4 },
    ...verdict("drop"),
  ];
}
