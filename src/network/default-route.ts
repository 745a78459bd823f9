import type { IpFamily } from "./ipam/subnet.ts";
import type { Endpoint } from "./types.ts";

/**
 * Which of a container's networks gives the default route of a family: of those that lead out, the one with the highest
 * priority, and of equals the first by name (docker-compat: `GwPriority`, API 1.48).
 */
export function defaultRouteOf(endpoints: readonly Endpoint[], family: IpFamily): Endpoint | undefined {
  const [first] = endpoints
    .filter((endpoint) => leadsOut(endpoint, family))
    .toSorted((a, b) => b.gatewayPriority - a.gatewayPriority || (a.networkName < b.networkName ? -1 : 1));
  return first;
}

function leadsOut(endpoint: Endpoint, family: IpFamily): boolean {
  const address = family === 4 ? endpoint.ipv4 : endpoint.ipv6;
  return gatewayOf(endpoint, family) !== "" || (endpoint.directRoute && address !== "");
}

/** Where the endpoint's default route of this family would go; "" for nowhere. */
export function gatewayOf(endpoint: Endpoint, family: IpFamily): string {
  return family === 4 ? endpoint.gateway : endpoint.ipv6Gateway;
}
