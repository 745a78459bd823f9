import type { NetlinkRequest } from "#host/netlink/message.ts";
import { CT_STATE_ESTABLISHED, CT_STATE_RELATED, CT_STATUS_DNAT, type Expression } from "#host/nftables/expression.ts";
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
  jump,
  loadDestinationPort,
  loadIpAddress,
  loadProtocol,
  oifname,
  oifnameIn,
  toLocalAddress,
  verdict,
} from "#host/nftables/rule.ts";
import type { PortElements } from "./port-elements.ts";

/** What the rules of one bridge network depend on. */
export interface BridgeRules {
  readonly bridgeName: string;
  /** CIDR. */
  readonly subnet: string;
  /** Source addresses are rewritten on the way out. */
  readonly masquerade: boolean;
  /** Containers of the bridge reach each other. */
  readonly interContainer: boolean;
  /** Nothing leaves the bridge and nothing comes in, but from and to the host itself. */
  readonly internal: boolean;
}

export interface Ruleset {
  readonly bridges: readonly BridgeRules[];
  readonly ports: PortElements;
  /**
   * Interfaces between which this host does not route although the engine turned on forwarding: those that existed
   * before, when nothing was forwarded between them.
   */
  readonly guarded: readonly string[];
}

export const PUBLISHED_AT = "published_at";
export const PUBLISHED_ANY = "published_any";
export const PUBLISHED_TO = "published_to";
const GUARDED = "guarded";
const BRIDGES = "bridges";

/**
 * The engine's whole table, as the one transaction that puts it in place of what was there before. Published ports are
 * map elements: a packet costs one lookup however many there are, and publishing changes no rule.
 *
 *   raw          drops packets from a bridge with loopback addresses: route_localnet, which publishing on 127.0.0.1
 *                needs, would let containers talk to services that listen on the host's loopback
 *   prerouting   from outside and from containers, to an address of this host: published
 *   output       from this host, to an address of its own, 127.0.0.1 included: published
 *   published    (address, protocol, port), then (protocol, port) -> container address and port
 *   postrouting  masquerade what leaves the subnet; what a container sends to its own bridge through a published port
 *                (hairpin), and what the host sends from 127.0.0.1, so that the answers come back this way
 *   forward      out of and into internal bridges: nothing; into others: answers, neighbours, published ports
 */
export function replaceTable(table: TableName, ruleset: Ruleset): NetlinkRequest[] {
  return [
    addTable(table),
    deleteTable(table),
    addTable(table),
    ...sets.map((set, index) => addSet(table, set, index + 1)),
    ...addElements(table, BRIDGES, interfaceElements(ruleset.bridges.map((bridge) => bridge.bridgeName))),
    ...addElements(table, GUARDED, interfaceElements(ruleset.guarded)),
    ...addElements(table, PUBLISHED_AT, ruleset.ports.publishedAt),
    ...addElements(table, PUBLISHED_ANY, ruleset.ports.publishedAny),
    ...addElements(table, PUBLISHED_TO, ruleset.ports.publishedTo),
    ...chains.map(([name, base]) => addChain(table, name, base)),
    ...rulesOf(ruleset).map(([chain, ...parts]) => addRule(table, { chain, expressions: parts.flat() })),
  ];
}

/** Removing a table that may not exist: no error either way. */
export function removeTable(table: TableName): NetlinkRequest[] {
  return [addTable(table), deleteTable(table)];
}

const sets: readonly SetDefinition[] = [
  { name: BRIDGES, key: ["ifname"] },
  { name: GUARDED, key: ["ifname"] },
  { name: PUBLISHED_AT, key: ["ipv4_addr", "inet_proto", "inet_service"], value: ["ipv4_addr", "inet_service"] },
  { name: PUBLISHED_ANY, key: ["inet_proto", "inet_service"], value: ["ipv4_addr", "inet_service"] },
  { name: PUBLISHED_TO, key: ["ipv4_addr", "inet_proto", "inet_service"] },
];

const chains: readonly (readonly [name: string, base?: BaseChain])[] = [
  ["published"],
  ["into_bridge"],
  ["raw", { type: "filter", hook: "prerouting", priority: -300, policy: "accept" }],
  ["prerouting", { type: "nat", hook: "prerouting", priority: -100, policy: "accept" }],
  ["output", { type: "nat", hook: "output", priority: -100, policy: "accept" }],
  ["postrouting", { type: "nat", hook: "postrouting", priority: 100, policy: "accept" }],
  ["forward", { type: "filter", hook: "forward", priority: 0, policy: "accept" }],
];

type Rule = readonly [chain: string, ...parts: readonly (readonly Expression[])[]];

function rulesOf({ bridges }: Ruleset): readonly Rule[] {
  return [
    ["published", lookupPublishedAt, dnat],
    ["published", lookupPublishedAny, dnat],

    ["raw", iifnameIn(BRIDGES), ipIn("daddr", "127.0.0.0/8"), verdict("drop")],
    ["raw", iifnameIn(BRIDGES), ipIn("saddr", "127.0.0.0/8"), verdict("drop")],

    // A packet from the wire to 127.0.0.0/8 is forged; translating it would publish loopback ports to neighbours.
    ["prerouting", ipIn("daddr", "127.0.0.0/8"), verdict("return")],
    ["prerouting", toLocalAddress(), jump("published")],
    ["output", toLocalAddress(), jump("published")],

    ...bridges.flatMap(postroutingRules),

    ...bridges.filter((bridge) => bridge.internal).flatMap(internalRules),
    ["forward", oifnameIn(BRIDGES), jump("into_bridge")],
    ["forward", iifnameIn(GUARDED), oifnameIn(GUARDED), verdict("drop")],
    ["into_bridge", ctState(CT_STATE_ESTABLISHED | CT_STATE_RELATED), verdict("accept")],
    ["into_bridge", ctStatus(CT_STATUS_DNAT), lookupPublishedTo, verdict("accept")],
    ...bridges.filter((bridge) => bridge.interContainer).map(neighbourRule),
    ["into_bridge", verdict("drop")],
  ];
}

function postroutingRules({ bridgeName, subnet, masquerade }: BridgeRules): Rule[] {
  const rules: Rule[] = [
    ["postrouting", oifname(bridgeName), ipIn("saddr", "127.0.0.0/8"), [{ kind: "masquerade" }]],
    ["postrouting", oifname(bridgeName), ipIn("saddr", subnet), ctStatus(CT_STATUS_DNAT), [{ kind: "masquerade" }]],
  ];
  if (masquerade)
    rules.push(["postrouting", ipIn("saddr", subnet), oifname(bridgeName, "neq"), [{ kind: "masquerade" }]]);
  return rules;
}

function internalRules({ bridgeName }: BridgeRules): Rule[] {
  return [
    ["forward", iifname(bridgeName), oifname(bridgeName, "neq"), verdict("drop")],
    ["forward", oifname(bridgeName), iifname(bridgeName, "neq"), verdict("drop")],
  ];
}

function neighbourRule({ bridgeName }: BridgeRules): Rule {
  return ["into_bridge", iifname(bridgeName), oifname(bridgeName), verdict("accept")];
}

const lookupPublishedAt: readonly Expression[] = [
  loadIpAddress("daddr", 0),
  loadProtocol(1),
  loadDestinationPort(2),
  { kind: "lookup", set: PUBLISHED_AT, key: 0, into: 0 },
];

const lookupPublishedAny: readonly Expression[] = [
  loadProtocol(0),
  loadDestinationPort(1),
  { kind: "lookup", set: PUBLISHED_ANY, key: 0, into: 0 },
];

const lookupPublishedTo: readonly Expression[] = [
  loadIpAddress("daddr", 0),
  loadProtocol(1),
  loadDestinationPort(2),
  { kind: "lookup", set: PUBLISHED_TO, key: 0 },
];

const dnat: readonly Expression[] = [{ kind: "dnat", family: "ip", address: 0, port: 1 }];

function interfaceElements(names: readonly string[]): SetElement[] {
  return names.map((name) => ({ key: interfaceName(name) }));
}
