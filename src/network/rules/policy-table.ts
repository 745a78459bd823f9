import type { NetlinkRequest } from "#host/netlink/message.ts";
import type { Expression } from "#host/nftables/expression.ts";
import {
  addChain,
  addElements,
  addRule,
  addSet,
  addTable,
  concatenate,
  deleteTable,
  type SetElement,
  type TableName,
} from "#host/nftables/messages.ts";
import {
  interfaceName,
  isIp,
  iifname,
  loadDestinationPort,
  loadIpAddress,
  loadProtocol,
  oifname,
  verdict,
} from "#host/nftables/rule.ts";
import { vethName } from "../bridge/endpoint-link.ts";
import { addressBytes, type IpFamily } from "../ipam/subnet.ts";
import type { Flow, GovernedNetwork } from "../policy/resolve-policy.ts";
import type { Rule } from "./bridge-rules.ts";
import { portBytes } from "./port-elements.ts";

/**
 * What passes between containers of networks with a policy. Frames from port to port of a bridge are seen by the bridge
 * family only; they are known by the interfaces they pass, which no container can forge, so that one set of ranges
 * (interface in, interface out, protocol, port) decides. Answers are known by the same, turned round: a TCP segment that
 * begins a connection is none. Connection tracking is not asked: not every kernel has it for bridges.
 *
 * What goes from container to container through the host, by a route or because the machine lets bridged packets pass the
 * IP rules (br_netfilter), meets the same flows by addresses in the inet table: {@link policyRules}.
 */
const MEMBERS = "members";
const FLOWS = "flows";
const ETH_ARP = Uint8Array.of(0x08, 0x06);
const IPPROTO_TCP = 6;
const IPPROTO_ICMPV6 = 58;
/** RFC 4861: router solicitation to redirect. */
const ND_FIRST = 133;
const ND_LAST = 137;
const TCP_SYN = 0x02;
const TCP_ACK = 0x10;
const protocolNumbers = { tcp: 6, udp: 17, sctp: 132 } as const;
export const policySets = { 4: "policy", 6: "policy6" } as const;

/** The table in place of what was there; none without networks. */
export function replacePolicyTable(name: string, networks: readonly GovernedNetwork[]): NetlinkRequest[] {
  const table: TableName = { family: "bridge", name };
  if (networks.length === 0) return [addTable(table), deleteTable(table)];
  const members = networks.flatMap((network) => network.members.map(portName));
  const flows = networks.flatMap((network) => network.flows);
  return [
    addTable(table),
    deleteTable(table),
    addTable(table),
    addSet(table, { name: MEMBERS, key: ["ifname"] }, 1),
    addSet(table, { name: FLOWS, key: ["ifname", "ifname", "inet_proto", "inet_service"], ranges: true }, 2),
    ...addElements(
      table,
      MEMBERS,
      members.map((key) => ({ key })),
    ),
    ...addElements(
      table,
      FLOWS,
      flows.map((flow) => rangeOf(flow, portName(flow.from), portName(flow.to))),
    ),
    addChain(table, "forward", { type: "filter", hook: "forward", priority: -1, policy: "accept" }),
    ...frameRules.map((expressions) => addRule(table, { chain: "forward", expressions })),
  ];
}

const lookupFlow: Expression = { kind: "lookup", set: FLOWS, key: 0 };
const equals = (slot: number, ...bytes: readonly number[]): Expression => ({
  kind: "cmp",
  slot,
  op: "eq",
  value: Uint8Array.from(bytes),
});

const begins: readonly Expression[] = [
  { kind: "meta", key: "iifname", into: 0 },
  { kind: "meta", key: "oifname", into: 4 },
  loadProtocol(8),
  loadDestinationPort(9),
  lookupFlow,
];

const answers: readonly Expression[] = [
  { kind: "meta", key: "oifname", into: 0 },
  { kind: "meta", key: "iifname", into: 4 },
  loadProtocol(8),
  { kind: "payload", base: "transport", offset: 0, length: 2, into: 9 },
  lookupFlow,
];

const isTcpBeginning: readonly Expression[] = [
  loadProtocol(0),
  equals(0, IPPROTO_TCP),
  { kind: "payload", base: "transport", offset: 13, length: 1, into: 0 },
  { kind: "bitwise", from: 0, into: 0, mask: Uint8Array.of(TCP_SYN | TCP_ACK), xor: new Uint8Array(1) },
  equals(0, TCP_SYN),
];

const isNeighbourDiscovery: readonly Expression[] = [
  loadProtocol(0),
  equals(0, IPPROTO_ICMPV6),
  { kind: "payload", base: "transport", offset: 0, length: 1, into: 0 },
  { kind: "cmp", slot: 0, op: "gte", value: Uint8Array.of(ND_FIRST) },
  { kind: "cmp", slot: 0, op: "lte", value: Uint8Array.of(ND_LAST) },
];

const frameRules: readonly (readonly Expression[])[] = [
  [
    { kind: "meta", key: "iifname", into: 0 },
    { kind: "lookup", set: MEMBERS, key: 0, invert: true },
    ...verdict("accept"),
  ],
  [
    { kind: "meta", key: "protocol", into: 0 },
    { kind: "cmp", slot: 0, op: "eq", value: ETH_ARP },
    ...verdict("accept"),
  ],
  [...isNeighbourDiscovery, ...verdict("accept")],
  [...begins, ...verdict("accept")],
  [...isTcpBeginning, ...verdict("drop")],
  [...answers, ...verdict("accept")],
  verdict("drop"),
];

/** The flows by addresses, for the set of this family in the inet table. */
export function policyElements(family: IpFamily, networks: readonly GovernedNetwork[]): readonly SetElement[] {
  const address = ({ ipv4, ipv6 }: Flow["from"]): string => (family === 4 ? ipv4 : ipv6);
  return networks
    .flatMap(({ flows }) => flows)
    .filter(({ from, to }) => address(from) !== "" && address(to) !== "")
    .map((flow) => rangeOf(flow, addressBytes(address(flow.from)), addressBytes(address(flow.to))));
}

/** In place of the rule that lets neighbours of the bridge reach each other. */
export function policyRules(family: IpFamily, { bridgeName }: GovernedNetwork): readonly Rule[] {
  const next = family === 4 ? 1 : 4;
  const lookup: readonly Expression[] = [
    loadIpAddress("saddr", 0, family),
    loadIpAddress("daddr", next, family),
    loadProtocol(2 * next),
    loadDestinationPort(2 * next + 1),
    { kind: "lookup", set: policySets[family], key: 0 },
  ];
  const between = [...iifname(bridgeName), ...oifname(bridgeName), ...isIp(family)];
  const rules: readonly Rule[] = [["into_bridge", between, lookup, verdict("accept")]];
  return family === 4 ? rules : [["into_bridge", between, isNeighbourDiscovery, verdict("accept")], ...rules];
}

function portName({ id }: Flow["from"]): Uint8Array {
  return interfaceName(vethName(id));
}

function rangeOf({ ports }: Flow, from: Uint8Array, to: Uint8Array): SetElement {
  const first = ports === undefined ? 0 : protocolNumbers[ports.protocol];
  const last = ports === undefined ? 255 : first;
  return {
    key: concatenate(from, to, Uint8Array.of(first), portBytes(ports?.first ?? 0)),
    end: concatenate(from, to, Uint8Array.of(last), portBytes(ports?.last ?? 65_535)),
  };
}
