import { BerthError } from "#base/errors.ts";
import type { CreateRequest } from "#spec/docker/container.ts";

/** What create asks of networks. Only the networks that exist without being made by a person are there yet. */
export function validateEndpoints(request: CreateRequest): void {
  const mode = request.hostConfig.NetworkMode || "default";
  const canonical = (name: string): string => (name === "default" ? "bridge" : name);
  for (const [name, endpoint] of Object.entries(request.networkingConfig.EndpointsConfig ?? {})) {
    if (canonical(name) !== canonical(mode)) {
      throw new BerthError(
        "not-implemented",
        `not supported by this engine yet: NetworkingConfig.EndpointsConfig of more than one network: ${name}`,
      );
    }
    const { IPv4Address = "", IPv6Address = "" } = endpoint?.IPAMConfig ?? {};
    const invalid = (why: string): BerthError =>
      new BerthError(
        "invalid-parameter",
        `invalid config for network ${canonical(name)}: invalid endpoint settings:\n${why}`,
      );
    if (IPv4Address !== "" || IPv6Address !== "") {
      throw invalid("user specified IP address is supported on user defined networks only");
    }
    if ((endpoint?.Aliases ?? []).length > 0) {
      throw invalid("network-scoped aliases are only supported for user-defined networks");
    }
  }
}

/** The MAC address asked for, in either of the two places the API has for it. */
export function requestedMac(
  request: Pick<CreateRequest, "networkingConfig"> & { readonly config: { readonly MacAddress: string } },
): string {
  const fromEndpoint = Object.values(request.networkingConfig.EndpointsConfig ?? {}).find(
    (endpoint) => endpoint?.MacAddress,
  );
  return fromEndpoint?.MacAddress || request.config.MacAddress;
}
