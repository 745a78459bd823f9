import { BerthError, isBerthError } from "#base/errors.ts";
import { isIp } from "#base/ip-address.ts";
import { endpointOptions } from "#network/endpoint-options.ts";
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
): Promise<NetworkingConfig> {
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
  return { ...networkingConfig, EndpointsConfig: resolved };
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
  const refused = [
    ...(IPv6Address === "" || network.predefined ? [] : ["IPAMConfig.IPv6Address"]),
    ...(LinkLocalIPs ?? [])
      .filter((address) => address.includes(":"))
      .map((address) => `IPAMConfig.LinkLocalIPs ${address}`),
  ];
  if (refused.length > 0) {
    throw new BerthError("not-implemented", `not supported by this engine yet: ${refused.join(", ")}`);
  }
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
  if (IPv4Address !== "" && network.addresses.subnet === "") {
    throw invalid(
      "user specified IP address is supported only when connecting to networks with user configured subnets",
    );
  }
  if (IPv4Address !== "" && !/^\d{1,3}(\.\d{1,3}){3}$/.test(IPv4Address)) {
    throw invalid(`invalid IPv4 address: ${IPv4Address}`);
  }
}

function isLinkLocal(address: string): boolean {
  return isIp(address) && address.startsWith("169.254.");
}
