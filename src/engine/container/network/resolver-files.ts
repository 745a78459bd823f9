import {
  HOST_RESOLV_CONF,
  isGenerated,
  resolvConfFile,
  resolvConfPath,
  upstreamServers,
} from "#network/files/resolv-conf.ts";
import type { Endpoint, NetworkService, Resident } from "#network/types.ts";
import type { EngineConfig } from "../../config.ts";
import type { EnginePaths, Files } from "../../ports.ts";
import type { Container } from "../container.ts";

export interface ResolverDeps {
  readonly config: Pick<EngineConfig, "dns" | "dnsSearch" | "dnsOptions">;
  readonly files: Files;
  readonly paths: EnginePaths;
  readonly networks: NetworkService;
}

/** Text of a container's /etc/resolv.conf in these networks. */
async function resolvConfText(
  deps: Pick<ResolverDeps, "config" | "files">,
  container: Container,
  endpoints: readonly Endpoint[],
): Promise<string> {
  const { hostConfig } = container.spec;
  const named = endpoints.some(hasNames);
  const network = hostConfig.NetworkMode === "host" ? "host" : named ? "named" : "plain";
  const host = await readIfThere(deps.files, HOST_RESOLV_CONF);
  const hostPath = network === "plain" ? resolvConfPath(host) : HOST_RESOLV_CONF;
  return resolvConfFile({
    host: hostPath === HOST_RESOLV_CONF ? host : await readIfThere(deps.files, hostPath),
    hostPath,
    servers: serversOf(deps, container),
    search: hostConfig.DnsSearch?.length ? hostConfig.DnsSearch : deps.config.dnsSearch,
    options: hostConfig.DnsOptions?.length ? hostConfig.DnsOptions : deps.config.dnsOptions,
    network,
  });
}

/** What the name service of user-defined networks is told of a container. */
export async function residentOf(
  deps: Pick<ResolverDeps, "config" | "files">,
  container: Container,
): Promise<Resident> {
  const host = await readIfThere(deps.files, HOST_RESOLV_CONF);
  return {
    containerName: container.name,
    hostname: container.spec.config.Hostname,
    upstreams: upstreamServers({ host, servers: serversOf(deps, container) }),
  };
}

/** Write a running container's resolv.conf anew when it came into its first user-defined network or left its last. */
export async function refreshResolvConf(
  deps: ResolverDeps,
  container: Container,
  before: readonly Endpoint[],
): Promise<void> {
  const after = await deps.networks.endpoints(container.id);
  if (container.spec.config.NetworkDisabled || before.some(hasNames) === after.some(hasNames)) return;
  await writeResolvConf(deps, container, after);
}

/**
 * Write a container's resolv.conf, in place: it may be mounted already. docker-compat: who changed the file since the engine
 * wrote it, in whatever life of the container, keeps the change.
 */
export async function writeResolvConf(
  deps: Pick<ResolverDeps, "config" | "files" | "paths">,
  container: Container,
  endpoints: readonly Endpoint[],
): Promise<void> {
  const path = deps.paths.containerResolvConf(container.id);
  // One that is too large to be read is not the engine's either.
  const present = await deps.files.readText(path).catch(() => undefined);
  if (present !== "" && (present === undefined || !isGenerated(present))) return;
  const text = await resolvConfText(deps, container, endpoints);
  if (text !== present) await deps.files.writeText(path, text, 0o644);
}

/** Of the bridges all but the default one, whose name nobody else can take. */
function hasNames({ networkName, ipv4, ipv6 }: Endpoint): boolean {
  return (ipv4 !== "" || ipv6 !== "") && networkName !== "bridge";
}

function serversOf(deps: Pick<ResolverDeps, "config">, container: Container): readonly string[] {
  const { Dns } = container.spec.hostConfig;
  return Dns?.length ? Dns : deps.config.dns;
}

async function readIfThere(files: Files, path: string): Promise<string> {
  return (await files.readTextMaybe(path)) ?? "";
}
