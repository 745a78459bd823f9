import { BerthError } from "#base/errors.ts";
import { randomId } from "#base/ids.ts";
import type { Endpoint, EndpointRequest } from "./types.ts";

/** `wanted`, or the first name with this prefix that none of the container's other interfaces has. `conflict` when one has it. */
export function freeInterface(others: readonly Endpoint[], wanted = "", prefix = "eth"): string {
  const taken = new Set(others.map((endpoint) => endpoint.interfaceName));
  if (taken.has(wanted)) throw new BerthError("conflict", `the container already has an interface ${wanted}`);
  if (wanted !== "") return wanted;
  for (let number = 0; ; number++) if (!taken.has(`${prefix}${number}`)) return `${prefix}${number}`;
}

/** What an endpoint is in the `host` and `none` networks, and the blank form of others. */
export function placeWithoutAddress(
  network: { readonly id: string; readonly name: string },
  request: EndpointRequest,
): Endpoint {
  return {
    id: randomId(),
    containerId: request.containerId,
    networkId: network.id,
    networkName: network.name,
    interfaceName: "",
    ipv4: "",
    prefixLength: 0,
    gateway: "",
    directRoute: false,
    ipv6: "",
    ipv6PrefixLength: 0,
    ipv6Gateway: "",
    mac: "",
    aliases: request.aliases ?? [],
    gatewayPriority: request.gatewayPriority ?? 0,
    linkLocal: request.linkLocal ?? [],
    links: request.links ?? [],
    settings: [],
    rate: request.rate,
    ports: [],
  };
}

/** docker-compat: the sentence in front of everything that goes wrong with ports. */
export function withPlace(error: unknown, containerName: string, endpointId: string): unknown {
  if (!(error instanceof BerthError)) return error;
  const prefix = `driver failed programming external connectivity on endpoint ${containerName} (${endpointId})`;
  return new BerthError(error.kind, `${prefix}: ${error.message}`, { cause: error });
}
