import type { FlagValues } from "../../flags/flag-values.ts";
import { checkMacAddress } from "./address.ts";
import { isUserDefined, networkOptions, plainNetwork, type NetworkOption } from "./network-option.ts";

/** docker-compat: the fields of an endpoint that the engine alone fills are sent too. */
export const filledByEngine = {
  NetworkID: "",
  EndpointID: "",
  Gateway: "",
  IPAddress: "",
  IPPrefixLen: 0,
  IPv6Gateway: "",
  GlobalIPv6Address: "",
  GlobalIPv6PrefixLen: 0,
  DNSNames: null,
};

/** NetworkingConfig.EndpointsConfig: one entry a network, the container-wide flags on the first. */
export function endpointsConfig(flags: FlagValues): Record<string, unknown> {
  const given = flags.get("network", networkOptions);
  const networks = given.length === 0 ? [plainNetwork("default")] : given;
  const endpoints: Record<string, unknown> = {};
  for (const [at, network] of networks.entries()) {
    const whole = at === 0 ? withContainerFlags(network, flags) : network;
    const endpoint = endpointSettings(whole);
    // docker-compat: one of the engine's own networks with nothing to say about it is named by NetworkMode alone.
    if (given.length === 1 && !isUserDefined(network.target) && isPlain(whole)) continue;
    if (Object.hasOwn(endpoints, network.target))
      throw new Error(`network "${network.target}" is specified multiple times`);
    endpoints[network.target] = endpoint;
  }
  const userDefined = given.filter(({ target }) => isUserDefined(target)).length;
  if (userDefined > 0 && userDefined < given.length) {
    throw new Error("conflicting options: cannot attach both user-defined and non-user-defined network-modes");
  }
  return endpoints;
}

function isPlain(network: NetworkOption): boolean {
  return JSON.stringify(network) === JSON.stringify(plainNetwork(network.target));
}

function withContainerFlags(network: NetworkOption, flags: FlagValues): NetworkOption {
  const aliases = flags.list("network-alias");
  const links = flags.list("link");
  const linkLocalIps = flags.list("link-local-ip");
  const [ip, ip6, mac] = [flags.text("ip"), flags.text("ip6"), flags.text("mac-address")];
  const both = (set: boolean, also: boolean, what: string): void => {
    if (set && also) throw new Error(`conflicting options: cannot specify both ${what}`);
  };
  both(network.aliases.length > 0, aliases.length > 0, "--network-alias and per-network alias");
  both(network.links.length > 0, links.length > 0, "--link and per-network links");
  both(network.ipv4Address !== "", ip !== "", "--ip and per-network IPv4 address");
  both(network.ipv6Address !== "", ip6 !== "", "--ip6 and per-network IPv6 address");
  both(network.macAddress !== "", mac !== "", "--mac-address and per-network MAC address");
  both(
    network.linkLocalIps.length > 0,
    linkLocalIps.length > 0,
    "--link-local-ip and per-network link-local IP addresses",
  );
  return {
    ...network,
    ...(aliases.length > 0 ? { aliases } : {}),
    // On the engine's own bridge a link is a property of the container, not of the endpoint.
    ...(links.length > 0 && isUserDefined(network.target) ? { links } : {}),
    ...(ip === "" ? {} : { ipv4Address: ip }),
    ...(ip6 === "" ? {} : { ipv6Address: ip6 }),
    ...(mac === "" ? {} : { macAddress: mac }),
    ...(linkLocalIps.length > 0 ? { linkLocalIps } : {}),
  };
}

function endpointSettings(network: NetworkOption): Record<string, unknown> {
  if (network.target.trim() === "") throw new Error("no name set for network");
  if (!isUserDefined(network.target)) {
    if (network.aliases.length > 0)
      throw new Error("network-scoped aliases are only supported for user-defined networks");
    if (network.links.length > 0) throw new Error("links are only supported for user-defined networks");
  }
  if (network.macAddress !== "") checkMac(network.macAddress);
  return {
    IPAMConfig: ipamConfig(network),
    Links: network.links.length === 0 ? null : network.links,
    Aliases: network.aliases.length === 0 ? null : network.aliases,
    MacAddress: network.macAddress,
    DriverOpts: Object.keys(network.driverOptions).length === 0 ? null : network.driverOptions,
    GwPriority: network.gatewayPriority,
    ...filledByEngine,
  };
}

function ipamConfig(network: NetworkOption): Record<string, unknown> | null {
  const config = {
    ...(network.ipv4Address === "" ? {} : { IPv4Address: network.ipv4Address }),
    ...(network.ipv6Address === "" ? {} : { IPv6Address: network.ipv6Address }),
    ...(network.linkLocalIps.length === 0 ? {} : { LinkLocalIPs: network.linkLocalIps }),
  };
  return Object.keys(config).length === 0 ? null : config;
}

export function checkMac(address: string): void {
  try {
    checkMacAddress(address);
  } catch {
    throw new Error(`${address} is not a valid mac address`);
  }
}
