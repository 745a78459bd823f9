import { BerthError, isBerthError } from "#base/errors.ts";
import { isIp, isIpv4, isIpv6 } from "#base/ip-address.ts";
import { endpointOptions } from "#network/endpoint-options.ts";
import { contains, familyOf, parseAddress, parseCidr, type IpFamily } from "#network/ipam/subnet.ts";
import type { NetworkInfo, NetworkService } from "#network/types.ts";
import type { CreateRequest } from "#spec/docker/container.ts";
import type { EndpointSettings, NetworkingConfig } from "#spec/docker/networking.ts";
import { parseLink } from "./parse-link.ts";

/**
 * The networks that create asks for, each under its name, checked as far as the networks are there: one that is not is told
 * at the start.
 */
export async function resolveEndpoints(
  networks: NetworkService,
  { hostConfig, networkingConfig }: Pick<CreateRequest, "hostConfig" | "networkingConfig">,
): Promise<{ readonly networking: NetworkingConfig; readonly mode: string }> {
  const mode = hostConfig.NetworkMode === "" ? "default" : hostConfig.NetworkMode;
  const resolved: Record<string, EndpointSettings | null> = {};
  for (const [name, settings] of Object.entries(networkingConfig.EndpointsConfig ?? {})) {
    const network = await findIfThere(networks, name);
    if (network !== undefined && settings !== null) checkEndpoint(network, settings);
    resolved[network?.name ?? name] = settings;
  }
  const names = Object.keys(resolved);
  if (names.length > 1 && (mode === "host" || mode === "none" || mode.startsWith("container:"))) {
    throw new BerthError(
      "invalid-parameter",
      "conflicting options: cannot attach both user-defined and non-user-defined network-modes",
    );
  }
  return {
    networking: { ...networkingConfig, EndpointsConfig: resolved },
    mode: (await findIfThere(networks, mode))?.name ?? hostConfig.NetworkMode,
  };
}

async function findIfThere(networks: NetworkService, name: string): Promise<NetworkInfo | undefined> {
  try {
    return await networks.find(name);
  } catch (error) {
    if (isBerthError(error, "not-found")) return undefined;
    throw error;
  }
}

/** `invalid-parameter` in Docker's words for what an endpoint in this network cannot have. */
export function checkEndpoint(network: NetworkInfo, settings: EndpointSettings): void {
  const { IPv4Address = "", IPv6Address = "", LinkLocalIPs } = settings.IPAMConfig ?? {};
  const invalid = (why: string): BerthError =>
    new BerthError(
      "invalid-parameter",
      `invalid config for network ${network.name}: invalid endpoint settings:\n${why}`,
    );
  for (const address of LinkLocalIPs ?? []) {
    if (!isLinkLocal(address)) throw invalid(`invalid link-local IP address: ${address}`);
  }
  endpointOptions(settings.DriverOpts ?? {});
  for (const link of settings.Links ?? []) parseLink(link);
  if (network.predefined) {
    if ((settings.Links ?? []).length > 0) throw invalid("links are only supported for user-defined networks");
    if (IPv4Address !== "" || IPv6Address !== "")
      throw invalid("user specified IP address is supported on user defined networks only");
    if ((settings.Aliases ?? []).length > 0)
      throw invalid("network-scoped aliases are only supported for user-defined networks");
    return;
  }
  for (const [family, address] of [
    [4, IPv4Address],
    [6, IPv6Address],
  ] as const) {
    const fault = address === "" ? undefined : fixedAddressFault(network, family, address);
    if (fault !== undefined) throw invalid(fault);
  }
}

/** docker-compat: addresses are given in subnets that were given too. */
function fixedAddressFault(network: NetworkInfo, family: IpFamily, address: string): string | undefined {
  if (!(family === 4 ? isIpv4(address) : isIpv6(address))) return `invalid IPv${family} address: ${address}`;
  const subnets = network.pools
    .filter((pool) => pool.asked && familyOf(pool.subnet) === family)
    .map((pool) => parseCidr(pool.subnet).subnet);
  if (subnets.length === 0) {
    return "user specified IP address is supported only when connecting to networks with user configured subnets";
  }
  if (subnets.some((subnet) => contains(subnet, parseAddress(address)))) return undefined;
  return `no configured subnet or ip-range contain the IP address ${address}`;
}

/** RFC 3927; RFC 4291, section 2.4. */
const linkLocal = ["169.254.0.0/16", "fe80::/10"].map((cidr) => parseCidr(cidr).subnet);

function isLinkLocal(address: string): boolean {
  return isIp(address) && linkLocal.some((subnet) => contains(subnet, parseAddress(address)));
}
