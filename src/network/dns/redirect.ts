import { hasCode } from "#host/kernel/errno.ts";
import type { NetlinkRequest } from "#host/netlink/message.ts";
import { openNetfilterSocketIn } from "#host/netlink/open.ts";
import { NfTablesClient } from "#host/nftables/client.ts";
import { forgetFlows, listUdpFlowsTo } from "#host/nftables/conntrack.ts";
import type { Expression } from "#host/nftables/expression.ts";
import { addChain, addRule, createTable, deleteTable, type TableName } from "#host/nftables/messages.ts";
import { ipIn, loadDestinationPort, loadProtocol, verdict } from "#host/nftables/rule.ts";
import { parseIpv4 } from "#host/netlink/address.ts";

/** docker-compat: where containers in user-defined networks ask for names. */
export const NAME_SERVER = "127.0.0.11";
const DNS_PORT = 53;
const protocols = { udp: 17, tcp: 6 } as const;
/** The engine answers all containers: none may keep it from its other work. More than that is lost on the way. */
const DATAGRAMS = { rate: 10_000, burst: 2000 } as const;
const table: TableName = { family: "ip", name: "berth_names" };

/**
 * Inside the namespace: what is sent to port 53 of {@link NAME_SERVER} goes to the ports where the name server listens, so
 * that port 53 stays free for the container itself; of datagrams no more than the engine can take. Replaces what an
 * earlier engine left.
 */
export function redirectQueries(namespaceFd: number, ports: { readonly udp: number; readonly tcp: number }): void {
  using socket = openNetfilterSocketIn(namespaceFd);
  const client = new NfTablesClient(socket);
  const rules = rulesFor(ports);
  try {
    client.commit([createTable(table), ...rules]);
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
    // Not in any case: the kernel lets go of the socket only when what was deleted is gone, grace periods later.
    client.commit([deleteTable(table), createTable(table), ...rules]);
    // A client that goes on asking from one port would go on to where an earlier engine listened.
    forgetFlows(socket, [listUdpFlowsTo(parseIpv4(NAME_SERVER))]);
  }
}

function rulesFor(ports: { readonly udp: number; readonly tcp: number }): readonly NetlinkRequest[] {
  return [
    addChain(table, "output", { type: "nat", hook: "output", priority: -100, policy: "accept" }),
    ...(["udp", "tcp"] as const).map((protocol) =>
      addRule(table, { chain: "output", expressions: toPort(protocols[protocol], ports[protocol]) }),
    ),
    // Not where they leave, which would be an error to the one who sends.
    addChain(table, "input", { type: "filter", hook: "input", priority: 0, policy: "accept" }),
    addRule(table, {
      chain: "input",
      expressions: [
        ...toServer(protocols.udp),
        loadDestinationPort(0),
        { kind: "cmp", slot: 0, op: "eq", value: bigEndian(ports.udp) },
        { kind: "limitOver", ...DATAGRAMS },
        ...verdict("drop"),
      ],
    }),
  ];
}

function toServer(protocol: number): readonly Expression[] {
  return [
    ...ipIn("daddr", `${NAME_SERVER}/32`),
    loadProtocol(0),
    { kind: "cmp", slot: 0, op: "eq", value: Uint8Array.of(protocol) },
  ];
}

function toPort(protocol: number, port: number): readonly Expression[] {
  return [
    ...toServer(protocol),
    loadDestinationPort(0),
    { kind: "cmp", slot: 0, op: "eq", value: bigEndian(DNS_PORT) },
    { kind: "immediate", into: 0, value: parseIpv4(NAME_SERVER) },
    { kind: "immediate", into: 1, value: bigEndian(port) },
    { kind: "dnat", family: "ip", address: 0, port: 1 },
  ];
}

const bigEndian = (value: number): Uint8Array => Uint8Array.of(value >> 8, value & 0xff);
