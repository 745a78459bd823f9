import type { HostConfig } from "#spec/docker/host-config.ts";

/** Texts of the files that Docker binds over the image's own in /etc. */

export function hostnameFile(hostname: string): string {
  return `${hostname}\n`;
}

export interface HostsInput {
  readonly hostname: string;
  readonly domainname: string;
  /** The container's own addresses; none without a network. */
  readonly addresses: readonly string[];
  readonly extraHosts: HostConfig["ExtraHosts"];
  /** What `host-gateway` stands for. */
  readonly gateway: string;
  /** The host's /etc/hosts, for containers in the host's network. */
  readonly base: string | undefined;
}

const localHosts = `127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::\tip6-localnet
ff00::\tip6-mcastprefix
ff02::1\tip6-allnodes
ff02::2\tip6-allrouters
`;

export function hostsFile(input: HostsInput): string {
  const lines: string[] = [];
  for (const entry of input.extraHosts ?? []) {
    const split = /^([^:=]+)[:=](.+)$/.exec(entry);
    if (split === null) continue;
    const [, name, address = ""] = split;
    lines.push(`${address === "host-gateway" ? input.gateway : address.replace(/^\[(.*)\]$/, "$1")}\t${name}\n`);
  }
  const names = input.domainname === "" ? input.hostname : `${input.hostname}.${input.domainname} ${input.hostname}`;
  for (const address of input.addresses) lines.push(`${address}\t${names}\n`);
  return `${input.base ?? localHosts}${lines.join("")}`;
}

export interface ResolvConfInput {
  /** The host's /etc/resolv.conf. */
  readonly host: string;
  readonly servers: readonly string[];
  readonly search: readonly string[];
  readonly options: readonly string[];
  /** False in the host's network, where the host's own loopback resolver can be reached. */
  readonly dropLoopback: boolean;
}

/** When the host only has a resolver on its own loopback, which a container cannot reach. */
const fallbackServers = ["8.8.8.8", "8.8.4.4"];

/** The host's file with what was asked for put in its place; `--dns-search .` means no search list. */
export function resolvConfFile(input: ResolvConfInput): string {
  const given = parse(input.host);
  const reachable = input.dropLoopback ? given.servers.filter((server) => !isLoopback(server)) : given.servers;
  const inherited = reachable.length > 0 || !input.dropLoopback ? reachable : fallbackServers;
  const servers = input.servers.length > 0 ? input.servers : inherited;
  const search = (input.search.length > 0 ? input.search : given.search).filter((domain) => domain !== ".");
  const options = input.options.length > 0 ? input.options : given.options;
  return [
    ...servers.map((server) => `nameserver ${server}\n`),
    ...(search.length > 0 ? [`search ${search.join(" ")}\n`] : []),
    ...(options.length > 0 ? [`options ${options.join(" ")}\n`] : []),
  ].join("");
}

const isLoopback = (address: string): boolean => address.startsWith("127.") || address === "::1";

function parse(text: string): { servers: string[]; search: string[]; options: string[] } {
  const out = { servers: [] as string[], search: [] as string[], options: [] as string[] };
  for (const line of text.split("\n")) {
    const [keyword, ...words] = line.trim().split(/\s+/);
    if (keyword === "nameserver" && words[0] !== undefined) out.servers.push(words[0]);
    else if (keyword === "search" || keyword === "domain") out.search = words;
    else if (keyword === "options") out.options.push(...words);
  }
  return out;
}
