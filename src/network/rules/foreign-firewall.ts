import type { NetlinkRequest } from "#host/netlink/message.ts";
import { addRule, deleteRule, dumpChains, dumpRules, hooks, type TableName } from "#host/nftables/messages.ts";
import type { IpFamily } from "../ipam/subnet.ts";
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
const filterTables: Readonly<Record<IpFamily, TableName>> = {
  4: { family: "ip", name: "filter" },
  6: { family: "ip6", name: "filter" },
};
const NFPROTO_INET = 1;
const NFPROTO_IPV4 = 2;
const NFPROTO_IPV6 = 10;
const familyNumbers = { 4: NFPROTO_IPV4, 6: NFPROTO_IPV6 } as const;
const familyNames: Readonly<Record<number, string>> = {
  [NFPROTO_INET]: "inet",
  [NFPROTO_IPV4]: "ip",
  [NFPROTO_IPV6]: "ip6",
};

/** A chain of iptables' filter table, or ip6tables'. */
export interface FilterChain {
  readonly family: IpFamily;
  readonly chain: string;
}

export interface ForeignFirewall {
  /** The chains that take our rules; none for a family in which nothing stands in the way. */
  readonly chains: readonly FilterChain[];
  /** Other base chains at the forward hook whose policy is drop: "family table chain". */
  readonly dropping: readonly string[];
}

/** What stands between containers and the world, besides the engine's own table. */
export function inspectForeignFirewall(client: NfTablesClient, own: string): ForeignFirewall {
  const chains = client.dump(dumpChains()).map(parseChain);
  const filters = families.map((family) => ({
    family,
    chains: chains.filter(
      (chain) => chain.family === familyNumbers[family] && chain.table === filterTables[family].name,
    ),
  }));
  return {
    chains: filters.flatMap(({ family, chains: own }): FilterChain[] => {
      if (own.some((chain) => chain.name === "DOCKER-USER")) return [{ family, chain: "DOCKER-USER" }];
      const drops = own.some((chain) => chain.name === "FORWARD" && dropsForward(chain));
      return drops ? [{ family, chain: "FORWARD" }] : [];
    }),
    dropping: chains
      .filter((chain) => dropsForward(chain) && chain.table !== own)
      .filter((chain) => !filters.some((filter) => filter.chains.includes(chain)))
      .map((chain) => `${familyNames[chain.family]} ${chain.table} ${chain.name}`),
  };
}

const families = [4, 6] as const;

/** The rules that are not there yet, as requests; in a chain that has them all, none. `marker` names this engine. */
export function admitBridges(
  client: NfTablesClient,
  { family, chain }: FilterChain,
  bridgeNames: readonly string[],
  marker: string,
): NetlinkRequest[] {
  const table = filterTables[family];
  const present = client.dump(dumpRules(table, chain)).map(parseRule);
  const marked = present.filter((rule) => isMarked(rule.comment, marker));
  const wanted = admittingRules(bridgeNames).map((rule) => ({ ...rule, comment: `${marker} ${rule.bridgeName}` }));
  const first = present.slice(0, wanted.length).map((rule) => rule.comment);
  if (marked.length === wanted.length && wanted.every((rule, index) => rule.comment === first[index])) return [];
  return [
    ...marked.map((rule) => deleteRule(table, chain, rule.handle)),
    ...wanted.toReversed().map(({ expressions, comment }) => addRule(table, { chain, expressions, comment }, true)),
  ];
}

function isMarked(comment: string | undefined, marker: string): boolean {
  return comment === marker || comment?.startsWith(`${marker} `) === true;
}

/** Deletes the marked rules wherever an earlier run put them. */
export function retractBridges(client: NfTablesClient, marker: string): NetlinkRequest[] {
  return families
    .map((family) => filterTables[family])
    .flatMap((table) =>
      ["DOCKER-USER", "FORWARD"].flatMap((chain) =>
        client
          .dump(dumpRules(table, chain))
          .map(parseRule)
          .filter((rule) => isMarked(rule.comment, marker))
          .map((rule) => deleteRule(table, chain, rule.handle)),
      ),
    );
}

/**
 * In this order: into any of our bridges, accept; from our bridge into one of dockerd's bridges, go on to dockerd's own
 * rules, which isolate its networks; from our bridge to anywhere else, accept. What our own networks may send to one
 * another is the business of the engine's own table.
 */
function admittingRules(
  bridgeNames: readonly string[],
): readonly { readonly bridgeName: string; readonly expressions: Expression[] }[] {
  const counted = (name: string, last: "accept" | "return", ...match: readonly Expression[][]) => ({
    bridgeName: name,
    expressions: [...match.flat(), { kind: "counter" } as const, ...verdict(last)],
  });
  return [
    ...bridgeNames.map((name) => counted(name, "accept", [...oifname(name)])),
    ...bridgeNames.flatMap((name) => [
      counted(name, "return", [...iifname(name)], [...oifnamePrefix("docker")]),
      counted(name, "return", [...iifname(name)], [...oifnamePrefix("br-")]),
      counted(name, "accept", [...iifname(name)]),
    ]),
  ];
}

function dropsForward(chain: ChainInfo): boolean {
  if (familyNames[chain.family] === undefined) return false;
  return chain.base?.hook === hooks.forward && chain.base.policy === "drop";
}
