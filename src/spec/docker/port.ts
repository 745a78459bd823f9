import { BerthError } from "#base/errors.ts";

export type PortProtocol = "tcp" | "udp" | "sctp";

export interface PortRange {
  readonly first: number;
  readonly last: number;
  readonly protocol: PortProtocol;
}

/** `80`, `80/udp`, `8000-8010/tcp`: the keys of ExposedPorts and PortBindings. `invalid-parameter` otherwise. */
export function parsePortKey(key: string): PortRange {
  const [ports = "", protocolText = "tcp", ...rest] = key.split("/");
  const protocol = protocolText.toLowerCase();
  if (rest.length > 0 || (protocol !== "tcp" && protocol !== "udp" && protocol !== "sctp")) {
    throw new BerthError("invalid-parameter", `invalid proto: ${protocolText}`);
  }
  return { ...parsePorts(ports), protocol };
}

/** A host port: "" = any, a number, or a range `8000-8010`. */
export function parseHostPorts(text: string): { readonly first: number; readonly last: number } {
  return text === "" ? { first: 0, last: 0 } : parsePorts(text);
}

function parsePorts(text: string): { readonly first: number; readonly last: number } {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (match === null || first > 65535 || last > 65535)
    throw new BerthError("invalid-parameter", `invalid port specification: "${text}"`);
  if (last < first) throw new BerthError("invalid-parameter", `invalid port range: "${text}"`);
  return { first, last };
}
