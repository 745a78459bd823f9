/** hosts(5) for containers: pure. */
export interface HostsInput {
  readonly hostname: string;
  readonly domainname: string;
  /** The container's own addresses; none without a network. */
  readonly addresses: readonly string[];
  /** `--add-host`, each "name:address" or "name=address"; brackets around an IPv6 address are taken off. */
  readonly extraHosts: readonly string[];
  /** Containers linked to. */
  readonly linked: readonly { readonly address: string; readonly names: string }[];
  /** What `host-gateway` stands for; none where there is no such address. */
  readonly hostGateways: readonly string[];
  /** The host's /etc/hosts, which containers in the host's network begin with. */
  readonly base: string | undefined;
}

const localhost = `127.0.0.1	localhost
::1	localhost ip6-localhost ip6-loopback
fe00::	ip6-localnet
ff00::	ip6-mcastprefix
ff02::1	ip6-allnodes
ff02::2	ip6-allrouters
`;

/** docker-compat: localhost, extra hosts, then the container under its own addresses. */
export function hostsFile(input: HostsInput): string {
  const own = withShortName(input.domainname === "" ? input.hostname : `${input.hostname}.${input.domainname}`);
  const lines = [
    ...input.extraHosts.map((entry) => extraLine(entry, input.hostGateways)),
    ...input.linked.map(({ address, names }) => `${address}\t${names}\n`),
    ...input.addresses.map((address) => `${address}\t${own}\n`),
  ];
  return `${endLine(input.base ?? localhost)}${lines.join("")}`;
}

/** `web.example.org` is also `web`. */
function withShortName(name: string): string {
  const at = name.indexOf(".");
  return at < 0 ? name : `${name} ${name.slice(0, at)}`;
}

/** The same file with another address on the lines whose first name is `name`. */
export function renameHost(text: string, name: string, address: string): string {
  return text
    .split("\n")
    .map((line) => {
      const at = line.indexOf("\t");
      return at > 0 && line.slice(at + 1).split(" ", 1)[0] === name ? `${address}${line.slice(at)}` : line;
    })
    .join("\n");
}

/** Whether any of `--add-host` needs {@link HostsInput.hostGateways}. */
export function namesHostGateway(extraHosts: readonly string[]): boolean {
  return extraHosts.some((entry) => splitEntry(entry).value === HOST_GATEWAY);
}

const HOST_GATEWAY = "host-gateway";

function splitEntry(entry: string): { readonly name: string; readonly value: string } {
  const at = entry.search(/[:=]/);
  return { name: entry.slice(0, at), value: entry.slice(at + 1) };
}

function extraLine(entry: string, hostGateways: readonly string[]): string {
  const { name, value } = splitEntry(entry);
  if (value !== HOST_GATEWAY) return `${value.replace(/^\[(.*)\]$/, "$1")}\t${name}\n`;
  return hostGateways.map((address) => `${address}\t${name}\n`).join("");
}

function endLine(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}
