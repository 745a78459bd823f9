import { isIp } from "#base/ip-address.ts";

export interface PortBinding {
  readonly HostIp: string;
  readonly HostPort: string;
}

/** `port/proto` -> where on the host. */
export type PortBindings = Readonly<Record<string, readonly PortBinding[]>>;

export interface PublishedPorts {
  readonly exposed: Readonly<Record<string, Record<string, never>>>;
  readonly bindings: PortBindings;
  /** Who may use host ports, by the annotation that says so. */
  readonly allow: Readonly<Record<string, string>>;
}

/** All `-p` flags and, beside them, all `--expose`. Throws with docker's words. */
export function publishedPorts(publish: readonly string[], expose: readonly string[]): PublishedPorts {
  const exposed: Record<string, Record<string, never>> = {};
  const bindings: Record<string, PortBinding[]> = {};
  const allow: Record<string, string> = {};
  for (const given of publish) {
    const { spec, cidrs } = withoutAllow(given);
    for (const [port, binding] of parsePortSpec(standardForm(spec))) {
      if (cidrs !== "") allow[allowAnnotation(given, port, binding)] = cidrs;
      exposed[port] = {};
      (bindings[port] ??= []).push(binding);
    }
  }
  for (const spec of expose) for (const port of exposedPorts(spec)) exposed[port] ??= {};
  return { exposed, bindings, allow };
}

/** `SPEC,allow=CIDR[,allow=CIDR]`: not docker's. */
function withoutAllow(given: string): { readonly spec: string; readonly cidrs: string } {
  const fields = given.split(",");
  const isAllow = (field: string): boolean => field.startsWith("allow=");
  const cidrs = fields.filter(isAllow).map((field) => field.slice("allow=".length));
  if (cidrs.some((cidr) => cidr.trim() === ""))
    throw new Error(`invalid publish opts format: allow= is empty in '${given}'`);
  return { spec: fields.filter((field) => !isAllow(field)).join(","), cidrs: cidrs.join(",") };
}

/** docs/networks.md: the engine's rules are about host ports. */
function allowAnnotation(given: string, port: string, { HostPort }: PortBinding): string {
  if (HostPort === "" || HostPort === "0") {
    throw new Error(
      `allow= needs a host port in '${given}'; for ports that the engine chooses: --label berth.publish.allow=CIDR`,
    );
  }
  return `berth.publish.allow.${HostPort}/${port.slice(port.indexOf("/") + 1)}`;
}

/** `published=8080,target=80,protocol=tcp` in the short form. */
function standardForm(spec: string): string {
  if (!spec.includes("=")) return spec;
  const fields: Record<string, string> = { protocol: "tcp" };
  for (const field of spec.split(",")) {
    const equals = field.indexOf("=");
    if (equals <= 0) throw new Error(`invalid publish opts format (should be name=value but got '${field}')`);
    fields[field.slice(0, equals)] = field.slice(equals + 1);
  }
  return `${fields["published"] ?? ""}:${fields["target"] ?? ""}/${fields["protocol"] ?? ""}`;
}

function parsePortSpec(spec: string): readonly (readonly [string, PortBinding])[] {
  const parts = spec.split(":");
  const [containerPart = "", hostPart = ""] = parts.toReversed();
  const ip = hostIp(parts.slice(0, -2).join(":"));
  const [port, protocol] = splitProtocol(containerPart);
  if (!["tcp", "udp", "sctp"].includes(protocol.toLowerCase())) throw new Error(`invalid proto: ${protocol}`);
  if (port === "") throw new Error(`no port specified: ${spec}<empty>`);
  const container = portRange(port, () => new Error(`invalid containerPort: ${port}`));
  const host = hostPart === "" ? undefined : portRange(hostPart, () => new Error(`invalid hostPort: ${hostPart}`));
  const count = container.end - container.start + 1;
  const single = count === 1;
  if (host !== undefined && host.end - host.start + 1 !== count && !single) {
    throw new Error(`invalid ranges specified for container and host Ports: ${port} and ${hostPart}`);
  }
  const hostPort = (at: number): string => {
    if (host === undefined) return "";
    if (single && host.start !== host.end) return `${String(host.start)}-${String(host.end)}`;
    return String(host.start + at);
  };
  return Array.from({ length: count }, (_, at) => [
    `${String(container.start + at)}/${protocol.toLowerCase()}`,
    { HostIp: ip, HostPort: hostPort(at) },
  ]);
}

function hostIp(text: string): string {
  if (text === "") return "";
  const ip = text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text;
  if (!isIp(ip)) throw new Error(`invalid IP address: ${ip}`);
  return ip;
}

function exposedPorts(spec: string): readonly string[] {
  if (spec.includes(":")) throw new Error(`invalid port format for --expose: ${spec}`);
  const [port, protocol] = splitProtocol(spec);
  const bad = (reason: string): Error => new Error(`invalid range format for --expose: ${spec}, error: ${reason}`);
  if (port === "") throw bad("empty string specified for ports");
  const { start, end } = portRange(port, bad);
  return Array.from({ length: end - start + 1 }, (_, at) => `${String(start + at)}/${protocol}`);
}

function splitProtocol(text: string): readonly [string, string] {
  const slash = text.indexOf("/");
  if (slash === -1) return [text, "tcp"];
  const port = text.slice(0, slash);
  const protocol = text.slice(slash + 1);
  if (port === "") return ["", ""];
  return [port, protocol === "" ? "tcp" : protocol];
}

function portRange(text: string, bad: (reason: string) => Error): { readonly start: number; readonly end: number } {
  const dash = text.indexOf("-");
  const start = portNumber(dash === -1 ? text : text.slice(0, dash), bad);
  const end = dash === -1 ? start : portNumber(text.slice(dash + 1), bad);
  if (end < start) throw bad(`invalid range specified for port: ${text}`);
  return { start, end };
}

function portNumber(text: string, bad: (reason: string) => Error): number {
  if (!/^\d+$/.test(text)) throw bad(`strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`);
  if (Number(text) > 65535) throw bad(`strconv.ParseUint: parsing ${JSON.stringify(text)}: value out of range`);
  return Number(text);
}
