import type { Endpoint } from "./types.ts";

/**
 * Which of a container's networks gives the default route: of those that lead out, the one with the highest priority,
 * and of equals the first by name (docker-compat: `GwPriority`, API 1.48).
 */
export function defaultRouteOf(endpoints: readonly Endpoint[]): Endpoint | undefined {
  const [first] = endpoints
    .filter((endpoint) => endpoint.gateway !== "" || endpoint.directRoute)
    .toSorted((a, b) => b.gatewayPriority - a.gatewayPriority || (a.networkName < b.networkName ? -1 : 1));
  return first;
}
