import { readTextFileMaybe } from "#host/files/files.ts";
import { hostsFile } from "#network/files/hosts.ts";
import { HOST_RESOLV_CONF, resolvConfFile, resolvConfPath, upstreamServers } from "#network/files/resolv-conf.ts";
import type { Endpoint, NetworkInfo, NetworkService } from "#network/types.ts";
import type { SharedNetwork, StepSettings } from "../../solver/types.ts";
import type { CommandSeat } from "./command-seats.ts";
import type { CommandDefaults } from "./command-spec.ts";

const MAX_BYTES = 1 << 20;
const CONTAINER = "container:";

export interface CommandNetwork {
  readonly endpoint: Endpoint | undefined;
  readonly hostname: string;
  readonly files: SharedNetwork["files"];
}

export interface CommandNetworkDeps {
  readonly networks: NetworkService;
  readonly defaults: CommandDefaults;
}

/** The network that an instruction names. `not-found`; `invalid-parameter` for that of a container which does not run. */
export async function networkNamed(
  { networks }: Pick<CommandNetworkDeps, "networks">,
  name: string,
  settings: Pick<StepSettings, "networkOf">,
): Promise<NetworkInfo | SharedNetwork> {
  if (name.startsWith(CONTAINER)) return settings.networkOf(name.slice(CONTAINER.length));
  return networks.find(name === "default" ? "bridge" : name);
}

export function isShared(network: NetworkInfo | SharedNetwork): network is SharedNetwork {
  return "namespacePath" in network;
}

/**
 * A place in a network for a command, its seat's unless that has one yet, and the files in /etc that tell of it, the seat's
 * too; of a container's network that one's.
 */
export async function joinNetwork(
  deps: CommandNetworkDeps,
  request: {
    readonly seat: Pick<CommandSeat, "id" | "endpoint" | "file">;
    readonly network: NetworkInfo | SharedNetwork;
    readonly hosts: readonly string[];
    readonly hostname: string;
  },
): Promise<CommandNetwork> {
  const { seat, hosts, hostname, network } = request;
  if (isShared(network)) return { endpoint: undefined, hostname: network.hostname, files: network.files };
  const { id } = seat;
  const resolv = readTextFileMaybe(HOST_RESOLV_CONF, MAX_BYTES) ?? "";
  const { defaults } = deps;
  const named = network.driver !== "host" && network.driver !== "null" && !network.predefined;
  const upstreams = upstreamServers({ host: resolv, servers: defaults.dns });
  const resident = { containerName: id, ...(named ? { hostname, upstreams } : {}) };
  const endpoint =
    network.driver === "host" || network.driver === "null"
      ? undefined
      : (seat.endpoint ??
        (await deps.networks.reserve({ containerId: id, networkId: network.id, ports: [], ...resident })));
  seat.endpoint = endpoint;
  const kind = network.driver === "host" ? "host" : named ? "named" : "plain";
  const hostPath = kind === "plain" ? resolvConfPath(resolv) : HOST_RESOLV_CONF;
  const resolvConf = seat.file(
    "resolv.conf",
    resolvConfFile({
      host: readTextFileMaybe(hostPath, MAX_BYTES) ?? "",
      hostPath,
      servers: defaults.dns,
      search: defaults.dnsSearch,
      options: defaults.dnsOptions,
      network: kind,
    }),
  );
  const hostsPath = seat.file(
    "hosts",
    hostsFile({
      hostname,
      domainname: "",
      addresses: [endpoint?.ipv4 ?? "", endpoint?.ipv6 ?? ""].filter((address) => address !== ""),
      extraHosts: hosts,
      linked: [],
      hostGateways: await hostGateways(deps),
      base: kind === "host" ? readTextFileMaybe("/etc/hosts", MAX_BYTES) : undefined,
    }),
  );
  const files = { resolvConf, hosts: hostsPath, hostname: seat.file("hostname", `${hostname}\n`) };
  return { endpoint, hostname, files };
}

/** docker-compat: the same in every network; none without a default network. */
async function hostGateways({ networks, defaults }: CommandNetworkDeps): Promise<readonly string[]> {
  if (defaults.hostGatewayIps.length > 0) return defaults.hostGatewayIps;
  return (await networks.list()).find(({ name }) => name === "bridge")?.pools.map(({ gateway }) => gateway) ?? [];
}
