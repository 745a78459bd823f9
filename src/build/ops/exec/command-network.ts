import { readTextFileMaybe, writeFileAtomic } from "#host/files.ts";
import { hostsFile } from "#network/files/hosts.ts";
import { HOST_RESOLV_CONF, resolvConfFile, resolvConfPath, upstreamServers } from "#network/files/resolv-conf.ts";
import type { Endpoint, NetworkService } from "#network/types.ts";
import { COMMAND_HOSTNAME, type CommandDefaults } from "./command-spec.ts";

const MAX_BYTES = 1 << 20;

export interface CommandNetwork {
  readonly endpoint: Endpoint | undefined;
  /** Bound over /etc/…. */
  readonly files: { readonly resolvConf: string; readonly hosts: string; readonly hostname: string };
}

export interface CommandNetworkDeps {
  readonly networks: NetworkService;
  readonly defaults: CommandDefaults;
}

/** A place in a network for a command, and the files in /etc that tell of it, in the directory `dir`. */
export async function joinNetwork(
  deps: CommandNetworkDeps,
  request: { readonly id: string; readonly dir: string; readonly network: string; readonly hosts: readonly string[] },
): Promise<CommandNetwork> {
  const { id, dir, hosts } = request;
  const network = await deps.networks.find(request.network === "default" ? "bridge" : request.network);
  const resolv = readTextFileMaybe(HOST_RESOLV_CONF, MAX_BYTES) ?? "";
  const { defaults } = deps;
  const named = network.driver !== "host" && network.driver !== "null" && !network.predefined;
  const upstreams = upstreamServers({ host: resolv, servers: defaults.dns });
  const resident = { containerName: id, ...(named ? { hostname: COMMAND_HOSTNAME, upstreams } : {}) };
  const endpoint =
    network.driver === "host" || network.driver === "null"
      ? undefined
      : await deps.networks.reserve({ containerId: id, networkId: network.id, ports: [], ...resident });
  const kind = network.driver === "host" ? "host" : named ? "named" : "plain";
  const hostPath = kind === "plain" ? resolvConfPath(resolv) : HOST_RESOLV_CONF;
  const files = { resolvConf: `${dir}/resolv.conf`, hosts: `${dir}/hosts`, hostname: `${dir}/hostname` };
  write(
    files.resolvConf,
    resolvConfFile({
      host: readTextFileMaybe(hostPath, MAX_BYTES) ?? "",
      hostPath,
      servers: defaults.dns,
      search: defaults.dnsSearch,
      options: defaults.dnsOptions,
      network: kind,
    }),
  );
  write(
    files.hosts,
    hostsFile({
      hostname: COMMAND_HOSTNAME,
      domainname: "",
      addresses: [endpoint?.ipv4 ?? "", endpoint?.ipv6 ?? ""].filter((address) => address !== ""),
      extraHosts: hosts,
      linked: [],
      hostGateways: await hostGateways(deps),
      base: kind === "host" ? readTextFileMaybe("/etc/hosts", MAX_BYTES) : undefined,
    }),
  );
  write(files.hostname, `${COMMAND_HOSTNAME}\n`);
  return { endpoint, files };
}

/** docker-compat: the same in every network; none without a default network. */
async function hostGateways({ networks, defaults }: CommandNetworkDeps): Promise<readonly string[]> {
  if (defaults.hostGatewayIps.length > 0) return defaults.hostGatewayIps;
  return (await networks.list()).find(({ name }) => name === "bridge")?.pools.map(({ gateway }) => gateway) ?? [];
}

function write(path: string, content: string): void {
  writeFileAtomic(path, content, { mode: 0o644, durable: false });
}
