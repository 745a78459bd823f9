import { invalid } from "#base/errors.ts";
import type { CreateRequest } from "#spec/docker/container.ts";
import { endpointSettings, type EndpointSettings } from "#spec/docker/networking.ts";

/**
 * What a create request says of the whole container and is an endpoint's since: its hardware address (API 1.44) and
 * settings of the kernel for eth0 (API 1.46). docker-compat: both go to the endpoint in the network of the container's
 * mode, with a warning, and are refused once a version has taken the old way away.
 */
export interface Moved {
  readonly request: CreateRequest;
  readonly warnings: readonly string[];
}

const SYSCTLS = "com.docker.network.endpoint.sysctls";

export function moveToEndpoint(request: CreateRequest, minor: number): Moved {
  const mac = moveMac(request, minor);
  const sysctls = moveSysctls(mac.request, minor);
  return { request: sysctls.request, warnings: [...mac.warnings, ...sysctls.warnings] };
}

/** The name of the network that a container's mode is; undefined for modes without a network of its own. */
function networkOf({ hostConfig: { NetworkMode: mode } }: CreateRequest): string | undefined {
  if (mode === "" || mode === "default") return "bridge";
  return mode === "host" || mode === "none" || mode.startsWith("container:") ? undefined : mode;
}

function moveMac(request: CreateRequest, minor: number): Moved {
  const { MacAddress } = request.config;
  if (MacAddress === "") return { request, warnings: [] };
  if (minor >= 52)
    throw invalid("container-wide MAC address no longer supported; use endpoint-specific MAC address instead");
  const network = networkOf(request);
  if (minor < 44) {
    if (network === undefined) throw invalid("conflicting options: mac-address and the network mode");
    return { request: withEndpoint(request, network, minor, (one) => ({ ...one, MacAddress })), warnings: [] };
  }
  const warnings = [
    "The container-wide MacAddress field is now deprecated. It should be specified in EndpointsConfig instead.",
  ];
  if (network === undefined) return { request, warnings };
  const moved = withEndpoint(
    request,
    network,
    minor,
    (one) => {
      if (one.MacAddress !== "" && one.MacAddress.toLowerCase() !== MacAddress.toLowerCase())
        throw invalid(
          "the container-wide MAC address must match the endpoint-specific MAC address for the main network, or be left empty",
        );
      return { ...one, MacAddress };
    },
    "unable to migrate container-wide MAC address to a specific network: ",
  );
  return { request: moved, warnings };
}

function moveSysctls(request: CreateRequest, minor: number): Moved {
  const { NetworkMode: mode, Sysctls } = request.hostConfig;
  if (Sysctls === null) return { request, warnings: [] };
  const found = Object.entries(Sysctls).flatMap(([key, value]) => {
    const [, first, second, device, rest] = /^net\.([^.]*)\.([^.]*)\.(eth[^.]*)\.(.*)$/su.exec(key) ?? [];
    return device === undefined ? [] : [{ key, device, text: `net.${first}.${second}.IFNAME.${rest}=${value}` }];
  });
  const [head] = found;
  if (head === undefined || mode === "host" || mode.startsWith("container:")) return { request, warnings: [] };
  if (minor >= 48)
    throw invalid(
      `interface specific sysctl setting ${JSON.stringify(head.key)} must be supplied using driver option '${SYSCTLS}'`,
    );
  const stray = found.find(({ device }) => device !== "eth0");
  if (stray !== undefined)
    throw invalid(
      `unable to determine network endpoint for sysctl ${stray.key}, use driver option '${SYSCTLS}' to set per-interface sysctls`,
    );
  const given = found.map(({ text }) => text).join(",");
  const moved = withEndpoint(
    request,
    networkOf(request) ?? mode,
    minor,
    (one) => {
      const own = one.DriverOpts?.[SYSCTLS];
      return { ...one, DriverOpts: { ...one.DriverOpts, [SYSCTLS]: own === undefined ? given : `${given},${own}` } };
    },
    `unable to find a network for sysctl ${head.key}: `,
  );
  const keys = found.map(({ key }) => key);
  const left = Object.entries(Sysctls).filter(([key]) => !keys.includes(key));
  return {
    request: { ...moved, hostConfig: { ...moved.hostConfig, Sysctls: Object.fromEntries(left) } },
    warnings: [`Migrated sysctl "${keys.join(",")}" to DriverOpts{"${SYSCTLS}":"${given}"}.`],
  };
}

/**
 * `request` with its endpoint in `network` changed, which is made when the request has none. Before API 1.44 there was one at
 * most, whatever its name. `invalid-parameter`, with `what` before it, when none of several can be told to be it.
 */
function withEndpoint(
  request: CreateRequest,
  network: string,
  minor: number,
  change: (settings: EndpointSettings) => EndpointSettings,
  what = "",
): CreateRequest {
  const endpoints = request.networkingConfig.EndpointsConfig ?? {};
  const names = Object.keys(endpoints);
  const wanted = names.find((name) => name === network || (name === "default" && network === "bridge"));
  const name = names.length === 0 ? network : (wanted ?? (minor < 44 ? names[0] : undefined));
  if (name === undefined)
    throw invalid(`${what}HostConfig.NetworkMode must match the identity of a network in NetworkSettings.Networks`);
  const EndpointsConfig = { ...endpoints, [name]: change(endpoints[name] ?? endpointSettings.zero) };
  return { ...request, networkingConfig: { ...request.networkingConfig, EndpointsConfig } };
}
