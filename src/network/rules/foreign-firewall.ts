import type { NetlinkRequest } from "#host/netlink/message.ts";
import { addRule, deleteRule, dumpChains, dumpRules, hooks, type TableName } from "#host/nftables/messages.ts";
import type { NfTablesClient } from "#host/nftables/client.ts";
import type { Expression } from "#host/nftables/expression.ts";
import { parseChain, parseRule, type ChainInfo } from "#host/nftables/parse.ts";
import { iifname, oifname, oifnamePrefix, verdict } from "#host/nftables/rule.ts";

/**
 * Other programs' firewalls on the same machine. In netfilter a packet must be accepted by every table, so a FORWARD
 * policy of DROP (dockerd's, ufw's) stops containers whatever the engine's own table says. Where such a chain belongs to
 * the table that the iptables program (iptables-nft) keeps in nf_tables, the engine adds rules marked with its name in
 * front: in DOCKER-USER, the chain dockerd leaves to others, when it exists, else in FORWARD. They are made of the
 * expressions that iptables-nft itself writes, so that `iptables -S` still shows the table. The engine's own table goes
 * on dropping what is not published.
 */
const iptablesFilter: TableName = { family: "ip", name: "filter" };
const NFPROTO_IPV4 = 2;
const NFPROTO_INET = 1;

export interface ForeignFirewall {
  /** The chain of the iptables filter table that takes our rules; undefined when none stands in the way. */
  readonly chain: string | undefined;
  /** Other base chains at the forward hook whose policy is drop: "family table chain". */
  readonly dropping: readonly string[];
}

/** What stands between containers and the world, besides the engine's own table. */
export function inspectForeignFirewall(client: NfTablesClient, own: string): ForeignFirewall {
  const chains = client.dump(dumpChains()).map(parseChain);
  const filter = chains.filter((chain) => chain.family === NFPROTO_IPV4 && chain.table === iptablesFilter.name);
  const hasDockerUser = filter.some((chain) => chain.name === "DOCKER-USER");
  const forwardDrops = filter.some((chain) => chain.name === "FORWARD" && dropsForward(chain));
  const fallback = forwardDrops ? "FORWARD" : undefined;
  return {
    chain: hasDockerUser ? "DOCKER-USER" : fallback,
    dropping: chains
      .filter((chain) => dropsForward(chain) && chain.table !== own && !filter.includes(chain))
      .map((chain) => `${chain.family === NFPROTO_INET ? "inet" : "ip"} ${chain.table} ${chain.name}`),
  };
}

/** The rules that are not there yet, as requests; in a chain that has them all, none. `marker` names this engine. */
export function admitBridge(
  client: NfTablesClient,
  chain: string,
  bridgeName: string,
  marker: string,
): NetlinkRequest[] {
  const present = client.dump(dumpRules(iptablesFilter, chain)).map(parseRule);
  const marked = present.filter((rule) => rule.comment === marker);
  const wanted = admittingRules(bridgeName);
  const first = present.slice(0, wanted.length);
  if (marked.length === wanted.length && first.every((rule) => rule.comment === marker)) return [];
  return [
    ...marked.map((rule) => deleteRule(iptablesFilter, chain, rule.handle)),
    ...wanted.toReversed().map((expressions) => addRule(iptablesFilter, { chain, expressions, comment: marker }, true)),
  ];
}

/** Deletes the marked rules wherever an earlier run put them. */
export function retractBridge(client: NfTablesClient, marker: string): NetlinkRequest[] {
  return ["DOCKER-USER", "FORWARD"].flatMap((chain) =>
    client
      .dump(dumpRules(iptablesFilter, chain))
      .map(parseRule)
      .filter((rule) => rule.comment === marker)
      .map((rule) => deleteRule(iptablesFilter, chain, rule.handle)),
  );
}

/**
 * In this order: into our bridge, accept; from our bridge into one of dockerd's bridges, go on to dockerd's own rules,
 * which isolate its networks; from our bridge to anywhere else, accept.
 */
function admittingRules(bridgeName: string): Expression[][] {
  return [
    [...oifname(bridgeName), { kind: "counter" }, ...verdict("accept")],
    [...iifname(bridgeName), ...oifnamePrefix("docker"), { kind: "counter" }, ...verdict("return")],
    [...iifname(bridgeName), ...oifnamePrefix("br-"), { kind: "counter" }, ...verdict("return")],
    [...iifname(bridgeName), { kind: "counter" }, ...verdict("accept")],
  ];
}

function dropsForward(chain: ChainInfo): boolean {
  if (chain.family !== NFPROTO_IPV4 && chain.family !== NFPROTO_INET) return false;
  return chain.base?.hook === hooks.forward && chain.base.policy === "drop";
}
