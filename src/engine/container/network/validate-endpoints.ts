import { BerthError, isBerthError } from "#base/errors.ts";
import { isIp, isIpv4, isIpv6 } from "#base/ip-address.ts";
import { endpointOptions } from "#network/endpoint-options.ts";
import { listFaults } from "#network/list-faults.ts";
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
  { config, hostConfig, networkingConfig }: Pick<CreateRequest, "config" | "hostConfig" | "networkingConfig">,
): Promise<{ readonly networking: NetworkingConfig; readonly mode: string }> {
  const mode = hostConfig.NetworkMode === "" ? "default" : hostConfig.NetworkMode;
  const resolved: Record<string, EndpointSettings | null> = {};
  for (const [name, settings] of Object.entries(networkingConfig.EndpointsConfig ?? {})) {
    const network = await findIfThere(networks, name);
    if (network !== undefined && settings !== null) checkPlanned(network, settings);
    resolved[network?.name ?? name] = settings;
  }
  const names = Object.keys(resolved);
  const main = resolved[(await findIfThere(networks, mode))?.name ?? mode]?.MacAddress ?? "";
  if (main !== "" && config.MacAddress !== "" && main !== config.MacAddress) {
    throw new BerthError(
      "invalid-parameter",
      "the container-wide MAC address must match the endpoint-specific MAC address for the main network, or be left empty",
    );
  }
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

function checkPlanned(network: NetworkInfo, settings: EndpointSettings): void {
  try {
    checkEndpoint(network, settings);
  } catch (error) {
    if (!isBerthError(error, "invalid-parameter")) throw error;
    const message = `invalid config for network ${network.name}: ${error.message}`;
    throw new BerthError("invalid-parameter", message, { cause: error });
  }
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
  endpointOptions(settings.DriverOpts ?? {});
  for (const link of settings.Links ?? []) parseLink(link);
  const faults = network.predefined ? predefinedFaults(settings) : addressFaults(network, settings);
  const all = [...linkLocalFaults(settings), ...faults];
  if (all.length > 0) throw new BerthError("invalid-parameter", `invalid endpoint settings:\n${listFaults(all)}`);
  if (settings.MacAddress === "" || isHardwareAddress(settings.MacAddress)) return;
  throw new BerthError("invalid-parameter", `invalid MAC address ${settings.MacAddress}`);
}

/** Ethernet's, in the spellings of Go's net.ParseMAC. */
function isHardwareAddress(text: string): boolean {
  return /^[0-9a-f]{2}(?:(?::[0-9a-f]{2}){5}|(?:-[0-9a-f]{2}){5})$|^[0-9a-f]{4}(?:\.[0-9a-f]{4}){2}$/iu.test(text);
}

function linkLocalFaults({ IPAMConfig }: EndpointSettings): readonly string[] {
  return (IPAMConfig?.LinkLocalIPs ?? [])
    .filter((address) => !isLinkLocal(address))
    .map((address) => `invalid link-local IP address: ${address}`);
}

function predefinedFaults({ IPAMConfig, Links, Aliases }: EndpointSettings): readonly string[] {
  const { IPv4Address = "", IPv6Address = "" } = IPAMConfig ?? {};
  return [
    ...((Links ?? []).length > 0 ? ["links are only supported for user-defined networks"] : []),
    ...(IPv4Address !== "" || IPv6Address !== ""
      ? ["user specified IP address is supported on user defined networks only"]
      : []),
    ...((Aliases ?? []).length > 0 ? ["network-scoped aliases are only supported for user-defined networks"] : []),
  ];
}

function addressFaults(network: NetworkInfo, { IPAMConfig }: EndpointSettings): readonly string[] {
  const { IPv4Address = "", IPv6Address = "" } = IPAMConfig ?? {};
  const asked = [
    [4, IPv4Address],
    [6, IPv6Address],
  ] as const;
  return asked.flatMap(([family, address]) => (address === "" ? [] : fixedAddressFaults(network, family, address)));
}

/** docker-compat: addresses are given in subnets that were given too. */
function fixedAddressFaults(network: NetworkInfo, family: IpFamily, address: string): readonly string[] {
  const outside = `no configured subnet or ip-range contain the IP address ${address}`;
  const subnets = network.pools
    .filter((pool) => pool.asked && familyOf(pool.subnet) === family)
    .map((pool) => parseCidr(pool.subnet).subnet);
  const unplanned =
    "user specified IP address is supported only when connecting to networks with user configured subnets";
  const isNone = !(family === 4 ? isIpv4(address) : isIpv6(address));
  return [
    ...(isNone ? [`invalid IPv${family} address: ${address}`] : []),
    ...(subnets.length === 0 ? [unplanned] : []),
    ...(subnets.length > 0 && (isNone || !subnets.some((subnet) => contains(subnet, parseAddress(address))))
      ? [outside]
      : []),
  ];
}

/** RFC 3927; RFC 4291, section 2.4. */
const linkLocal = ["169.254.0.0/16", "fe80::/10"].map((cidr) => parseCidr(cidr).subnet);

function isLinkLocal(address: string): boolean {
  return isIp(address) && linkLocal.some((subnet) => contains(subnet, parseAddress(address)));
}
