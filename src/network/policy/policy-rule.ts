import { BerthError } from "#base/errors.ts";

/** Who may open connections to whom in a network, and to which ports. */
export interface PolicyRule {
  /** A name by which a container is found in the network; "*" for all of them. */
  readonly from: string;
  readonly to: string;
  /** undefined: everything, whatever the protocol. */
  readonly ports: PolicyPorts | undefined;
}

export interface PolicyPorts {
  readonly protocol: "tcp" | "udp" | "sctp";
  readonly first: number;
  readonly last: number;
}

const shape = /^(\*|[\w][\w.-]*)\s*->\s*(\*|[\w][\w.-]*)(?::(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?)?$/;

/** `app->db:5432[-5440][/tcp]`, or `app->db` for everything. `invalid-parameter` for what is no rule. */
export function parsePolicyRule(text: string): PolicyRule {
  const found = shape.exec(text.trim());
  if (found === null || text.length > 600) throw invalid(text, "want FROM->TO[:PORT[-PORT][/tcp|udp|sctp]]");
  const [, from = "", to = "", first, last = first, protocol = "tcp"] = found;
  if (first === undefined) return { from, to, ports: undefined };
  if (Number(first) < 1 || Number(last) > 65_535 || Number(first) > Number(last)) throw invalid(text, "no such ports");
  return {
    from,
    to,
    ports: { protocol: protocol as PolicyPorts["protocol"], first: Number(first), last: Number(last) },
  };
}

/** The one way of writing a rule. */
export function formatPolicyRule({ from, to, ports }: PolicyRule): string {
  if (ports === undefined) return `${from}->${to}`;
  const { first, last, protocol } = ports;
  return `${from}->${to}:${first === last ? first : `${first}-${last}`}/${protocol}`;
}

function invalid(text: string, why: string): BerthError {
  return new BerthError("invalid-parameter", `invalid network policy ${JSON.stringify(text)}: ${why}`);
}
