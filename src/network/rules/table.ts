import type { NetlinkRequest } from "#host/netlink/message.ts";
import { CT_STATE_ESTABLISHED, CT_STATE_RELATED, CT_STATUS_DNAT } from "#host/nftables/expression.ts";
import {
  addChain,
  addElements,
  addRule,
  addSet,
  addTable,
  deleteTable,
  type BaseChain,
  type SetDefinition,
  type SetElement,
  type TableName,
} from "#host/nftables/messages.ts";
import {
  ctState,
  ctStatus,
  iifname,
  iifnameIn,
  interfaceName,
  ipIn,
  isIp,
  jump,
  oifnameIn,
  toLocalAddress,
  verdict,
} from "#host/nftables/rule.ts";
import type { IpFamily } from "../ipam/subnet.ts";
import { internalRules, intoBridgeRules, postroutingRules, type BridgeRules, type Rule } from "./bridge-rules.ts";
import type { GovernedNetwork } from "../policy/resolve-policy.ts";
import { policyElements, policyRules, policySets } from "./policy-table.ts";
import { portElementRequests, type PortElements } from "./port-elements.ts";
import { dnatTo, lookupOpenTo, lookupAny, lookupAt, lookupLimited, lookupPublishedTo, portSets } from "./port-sets.ts";

export interface Ruleset {
  readonly bridges: readonly BridgeRules[];
  readonly ports: PortElements;
  /**
   * Interfaces between which this host does not route although the engine turned on forwarding: those that existed
   * before, when nothing was forwarded between them.
   */
  readonly guarded: Readonly<Record<IpFamily, readonly string[]>>;
  /** Of a family that is not filtered everything passes and nothing is translated. */
  readonly filtered: readonly IpFamily[];
  /** What the host sends to its own ::1 is left to the sockets that hold published ports. */
  readonly relaysLoopback: boolean;
  /** The interface by which packets come that the host's input rules have let pass; see ./screen.ts. */
  readonly screenLink: string;
  readonly governed: readonly GovernedNetwork[];
}

const guardedSets = { 4: "guarded", 6: "guarded6" } as const;
const BRIDGES = "bridges";

/**
 * The engine's whole table, as the one transaction that puts it in place of what was there before. Published ports are
 * map elements: a packet costs one lookup however many there are, and publishing changes no rule.
 *
 *   raw          drops packets from a bridge with loopback addresses: route_localnet, which publishing on 127.0.0.1
 *                needs, would let containers talk to services that listen on the host's loopback
 *   prerouting   from outside and from containers, to an address of this host: published
 *   output       from this host, to an address of its own, 127.0.0.1 and ::1 included: published
 *   screened     the same for ports that the host's input rules decide upon, for packets that those have let pass
 *   published    (address, protocol, port), then (protocol, port) -> container address and port
 *   postrouting  masquerade what leaves the subnet; what a container sends to its own bridge through a published port
 *                (hairpin), and what the host sends from its loopback, so that the answers come back this way
 *   forward      out of and into internal bridges: nothing; into others: answers, neighbours, published ports for those
 *                who may use them
 */
export function replaceTable(table: TableName, ruleset: Ruleset): NetlinkRequest[] {
  return [
    addTable(table),
    deleteTable(table),
    addTable(table),
    ...sets.map((set, index) => addSet(table, set, index + 1)),
    ...addElements(table, BRIDGES, interfaceElements(ruleset.bridges.map((bridge) => bridge.bridgeName))),
    ...families.flatMap((family) =>
      addElements(table, guardedSets[family], interfaceElements(ruleset.guarded[family])),
    ),
    ...portElementRequests(addElements, table, ruleset.ports),
    ...families.flatMap((family) => addElements(table, policySets[family], policyElements(family, ruleset.governed))),
    ...chains.map(([name, base]) => addChain(table, name, base)),
    ...rulesOf(ruleset).map(([chain, ...parts]) => addRule(table, { chain, expressions: parts.flat() })),
  ];
}

/** Removing a table that may not exist: no error either way. */
export function removeTable(table: TableName): NetlinkRequest[] {
  return [addTable(table), deleteTable(table)];
}

const families = [4, 6] as const;

const sets: readonly SetDefinition[] = [
  { name: BRIDGES, key: ["ifname"] },
  ...families.flatMap((family): SetDefinition[] => [
    { name: guardedSets[family], key: ["ifname"] },
    ...portSets(family),
    { name: policySets[family], key: policyKey(family), ranges: true },
  ]),
];

const chains: readonly (readonly [name: string, base?: BaseChain])[] = [
  ["published"],
  ["screened"],
  ["into_bridge"],
  ["raw", { type: "filter", hook: "prerouting", priority: -300, policy: "accept" }],
  ["prerouting", { type: "nat", hook: "prerouting", priority: -100, policy: "accept" }],
  ["output", { type: "nat", hook: "output", priority: -100, policy: "accept" }],
  ["postrouting", { type: "nat", hook: "postrouting", priority: 100, policy: "accept" }],
  ["forward", { type: "filter", hook: "forward", priority: 0, policy: "accept" }],
];

function rulesOf({ bridges, filtered, relaysLoopback, screenLink, governed }: Ruleset): readonly Rule[] {
  return [
    ...filtered.flatMap((family): Rule[] => [
      ["published", isIp(family), lookupAt(family, "publishedAt"), dnatTo(family)],
      ["published", isIp(family), lookupAny(family, "publishedAny"), dnatTo(family)],
      ["screened", isIp(family), lookupAt(family, "screenedAt"), dnatTo(family)],
      ["screened", isIp(family), lookupAny(family, "screenedAny"), dnatTo(family)],
    ]),

    // Every packet of the host passes here: what is compared at once goes before what is looked up.
    ["raw", isIp(4), ipIn("daddr", "127.0.0.0/8"), iifnameIn(BRIDGES), verdict("drop")],
    ["raw", isIp(4), ipIn("saddr", "127.0.0.0/8"), iifnameIn(BRIDGES), verdict("drop")],

    // A packet from the wire to a loopback address is forged; translating it would publish loopback ports to neighbours.
    ["prerouting", isIp(4), ipIn("daddr", "127.0.0.0/8"), verdict("return")],
    ["prerouting", isIp(6), ipIn("daddr", "::1/128"), verdict("return")],
    ["prerouting", toLocalAddress(), jump("published")],
    ["prerouting", iifname(screenLink), toLocalAddress(), jump("screened")],
    ...(relaysLoopback ? [["output", isIp(6), ipIn("daddr", "::1/128"), verdict("return")] as const] : []),
    ["output", toLocalAddress(), jump("published")],
    ["output", toLocalAddress(), jump("screened")],

    ...bridges.flatMap((bridge) => postroutingRules(bridge, filtered)),

    ...families.filter((family) => !filtered.includes(family)).map(passAll),
    ...bridges.filter((bridge) => bridge.internal).flatMap(internalRules),
    ["forward", oifnameIn(BRIDGES), jump("into_bridge")],
    ...filtered.map(guardRule),
    ["into_bridge", ctState(CT_STATE_ESTABLISHED | CT_STATE_RELATED), verdict("accept")],
    ...filtered.flatMap((family): Rule[] => [
      ["into_bridge", isIp(family), ctStatus(CT_STATUS_DNAT), lookupLimited(family), verdict("drop")],
      ["into_bridge", isIp(family), ctStatus(CT_STATUS_DNAT), lookupPublishedTo(family), verdict("accept")],
      ["into_bridge", isIp(family), lookupOpenTo(family), verdict("accept")],
    ]),
    ...governed.flatMap((network) => filtered.flatMap((family) => policyRules(family, network))),
    ...bridges.map((bridge) => withPolicy(bridge, governed)).flatMap(intoBridgeRules),
    ["into_bridge", verdict("drop")],
  ];
}

function policyKey(family: IpFamily): SetDefinition["key"] {
  const address = family === 4 ? "ipv4_addr" : "ipv6_addr";
  return [address, address, "inet_proto", "inet_service"];
}

/** A policy says who of the neighbours may reach whom. */
function withPolicy(bridge: BridgeRules, governed: readonly GovernedNetwork[]): BridgeRules {
  const isGoverned = governed.some(({ bridgeName }) => bridgeName === bridge.bridgeName);
  return isGoverned ? { ...bridge, interContainer: false } : bridge;
}

function passAll(family: IpFamily): Rule {
  return ["forward", isIp(family), verdict("accept")];
}

function guardRule(family: IpFamily): Rule {
  const set = guardedSets[family];
  return ["forward", isIp(family), iifnameIn(set), oifnameIn(set), verdict("drop")];
}

function interfaceElements(names: readonly string[]): SetElement[] {
  return names.map((name) => ({ key: interfaceName(name) }));
}
