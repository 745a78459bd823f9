import { BerthError } from "#base/errors.ts";
import { parseAllowList } from "#network/ports/allow-list.ts";
import type { PortPublication } from "#network/types.ts";

/** Who may use published ports, as labels and annotations tell. */
export interface AllowRule {
  /** As given: what refusals name. */
  readonly key: string;
  /** Host ports; undefined for all of the container's. */
  readonly ports: { readonly first: number; readonly last: number; readonly protocol: string } | undefined;
  readonly cidrs: readonly string[];
}

const PREFIX = "berth.publish.allow";

/**
 * `berth.publish.allow=CIDR,…` for all published ports, `berth.publish.allow.8080/tcp=CIDR,…` and `….8000-8010/udp=…` for host
 * ports. `invalid-parameter` naming what cannot be.
 */
export function allowRules(settings: Readonly<Record<string, string>>): readonly AllowRule[] {
  return Object.entries(settings)
    .filter(([key]) => key === PREFIX || key.startsWith(`${PREFIX}.`))
    .map(([key, value]) => {
      const cidrs = parseAllowList(value);
      if (key === PREFIX) return { key, ports: undefined, cidrs };
      const [, first = "", last = first, protocol = "tcp"] =
        /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/.exec(key.slice(PREFIX.length + 1)) ?? [];
      if (first === "" || Number(first) > Number(last) || Number(last) > 65_535) {
        throw new BerthError("invalid-parameter", `invalid ${key}: want ${PREFIX}.HOSTPORT[-HOSTPORT][/PROTOCOL]`);
      }
      return { key, ports: { first: Number(first), last: Number(last), protocol }, cidrs };
    });
}

/**
 * The publications with those who may use them; a rule for their ports goes before one for all. `invalid-parameter` for a
 * rule that none of them follows: a mistyped port must not stand open.
 */
export function withAllowLists(
  publications: readonly PortPublication[],
  rules: readonly AllowRule[],
): readonly PortPublication[] {
  const unused = new Set(rules.filter(({ ports }) => ports !== undefined));
  const general = rules.find(({ ports }) => ports === undefined);
  const limited = publications.map((port) => {
    const rule = rules.find((candidate) => isFor(candidate, port)) ?? general;
    if (rule === undefined) return port;
    unused.delete(rule);
    return { ...port, allow: rule.cidrs };
  });
  for (const { key } of unused) throw new BerthError("invalid-parameter", `${key}: no such host port is published`);
  return limited;
}

function isFor({ ports }: AllowRule, { protocol, hostPort, lastHostPort = hostPort }: PortPublication): boolean {
  return ports !== undefined && ports.protocol === protocol && ports.first <= hostPort && ports.last >= lastHostPort;
}
