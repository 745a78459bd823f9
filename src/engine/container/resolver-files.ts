import {
  HOST_RESOLV_CONF,
  isGenerated,
  resolvConfFile,
  resolvConfPath,
  upstreamServers,
} from "#network/files/resolv-conf.ts";
import type { Endpoint, NetworkService, Resident } from "#network/types.ts";
import type { EngineConfig } from "../config.ts";
import type { EnginePaths, Files } from "../ports.ts";
import type { Container } from "./container.ts";

export interface ResolverDeps {
  readonly config: Pick<EngineConfig, "dns" | "dnsSearch" | "dnsOptions">;
  readonly files: Files;
  readonly paths: EnginePaths;
  readonly networks: NetworkService;
}

/** Text of a container's /etc/resolv.conf in these networks. */
export async function resolvConfText(
  deps: Pick<ResolverDeps, "config" | "files">,
  container: Container,
  endpoints: readonly Endpoint[],
): Promise<string> {
  const { hostConfig } = container.spec;
  const named = endpoints.some(hasNames);
  const network = hostConfig.NetworkMode === "host" ? "host" : named ? "named" : "plain";
  const hostPath =
    network === "plain" ? resolvConfPath(await readIfThere(deps.files, HOST_RESOLV_CONF)) : HOST_RESOLV_CONF;
  return resolvConfFile({
    host: await readIfThere(deps.files, hostPath),
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

/**
 * Write a running container's resolv.conf anew, in place, when it came into its first user-defined network or left its
 * last. docker-compat: who changed the file since keeps the change.
 */
export async function refreshResolvConf(
  deps: ResolverDeps,
  container: Container,
  before: readonly Endpoint[],
): Promise<void> {
  const after = await deps.networks.endpoints(container.id);
  if (container.spec.config.NetworkDisabled || before.some(hasNames) === after.some(hasNames)) return;
  const path = deps.paths.containerResolvConf(container.id);
  // Nor is one that is too large to be read the engine's.
  if (!isGenerated(await deps.files.readText(path).catch(() => ""))) return;
  await deps.files.writeText(path, await resolvConfText(deps, container, after), 0o644);
}

/** Of the bridges all but the default one, whose name nobody else can take. */
export function hasNames({ networkName, ipv4, ipv6 }: Endpoint): boolean {
  return (ipv4 !== "" || ipv6 !== "") && networkName !== "bridge";
}

function serversOf(deps: Pick<ResolverDeps, "config">, container: Container): readonly string[] {
  const { Dns } = container.spec.hostConfig;
  return Dns?.length ? Dns : deps.config.dns;
}

async function readIfThere(files: Files, path: string): Promise<string> {
  return (await files.kind(path)) === undefined ? "" : files.readText(path);
}
