import { BerthError } from "#base/errors.ts";
import type { NetworkInfo } from "#network/types.ts";
import type { NetworkConnectRequest } from "#spec/docker/network-requests.ts";
import { endpointSettings, type EndpointSettings } from "#spec/docker/networking.ts";
import type { Container } from "../container/container.ts";
import { endpointRequest, plannedEndpoints } from "../container/network/endpoint-plan.ts";
import type { ContainerRegistry } from "../container/registry.ts";
import { refreshResolvConf, residentOf, type ResolverDeps } from "../container/network/resolver-files.ts";
import { isLive } from "../container/status.ts";
import { checkEndpoint } from "../container/network/validate-endpoints.ts";
import type { Events } from "../ports.ts";
import { notHost } from "./disconnect.ts";
import { publishEndpointEvent } from "./endpoint-events.ts";
import { findMember, findNamed } from "./find-named.ts";

export interface NetworkConnectDeps extends ResolverDeps {
  readonly registry: ContainerRegistry;
  readonly events: Events;
}

/**
 * `POST /networks/{id}/connect`: give a running container an interface in the network now, and any container one at its
 * next start. `forbidden` when it runs and is in it already, `invalid-parameter` when its network mode allows no other.
 */
export function connectNetwork(deps: NetworkConnectDeps) {
  return async (nameOrId: string, request: NetworkConnectRequest): Promise<void> => {
    const container = findMember(deps.registry, request.Container);
    const network = await findNamed(deps.networks, nameOrId);
    const settings = request.EndpointConfig ?? endpointSettings.zero;
    checkEndpoint(network, settings);
    await container.lock.run(() => connectLocked(deps, container, network, settings));
  };
}

async function connectLocked(
  deps: NetworkConnectDeps,
  container: Container,
  network: NetworkInfo,
  settings: EndpointSettings,
): Promise<void> {
  refuseModes(container, network);
  const planned = plannedEndpoints(container.spec);
  // docker-compat: of one that does not run the settings are those of the last time.
  const isIn = planned.some((endpoint) => endpoint.network === network.name || endpoint.network === network.id);
  if (isIn && isLive(container.status)) {
    throw new BerthError("forbidden", `endpoint with name ${container.name} already exists in network ${network.name}`);
  }
  if (isLive(container.status)) await connectNow(deps, container, network, settings);
  const { spec } = container;
  const EndpointsConfig = { ...spec.networking.EndpointsConfig, [network.name]: settings };
  deps.registry.setSpec(container, { ...spec, networking: { ...spec.networking, EndpointsConfig } });
}

async function connectNow(
  deps: NetworkConnectDeps,
  container: Container,
  network: NetworkInfo,
  settings: EndpointSettings,
): Promise<void> {
  const { process } = container;
  if (process === undefined) throw new BerthError("conflict", `container ${container.id} is not running`);
  const request = endpointRequest(container, { network: network.name, settings }, network, false);
  const before = await deps.networks.endpoints(container.id);
  const endpoint = await deps.networks.reserve({ ...request, ...(await residentOf(deps, container)) });
  const namespace = `/proc/${process.pid}/ns/net`;
  try {
    await deps.networks.connect([endpoint], namespace);
    await refreshResolvConf(deps, container, before);
  } catch (error) {
    await deps.networks.disconnect(container.id, network.id, namespace);
    throw error;
  }
  await publishEndpointEvent(deps, "connect", endpoint);
}

function refuseModes({ spec, status }: Container, network: NetworkInfo): void {
  const mode = spec.hostConfig.NetworkMode;
  const refused = (why: string): BerthError => new BerthError("invalid-parameter", why);
  if (status.state === "removing" || status.state === "dead") {
    throw new BerthError(
      "conflict",
      "container is marked for removal and cannot be connected or disconnected to the network",
    );
  }
  if (network.name === "host") throw refused(notHost);
  if (mode.startsWith("container:") || mode === "host") {
    throw refused(
      "container sharing network namespace with another container or host cannot be connected to any other network",
    );
  }
  if (mode === "none" || network.name === "none") {
    throw refused("container cannot be connected to multiple networks with one of the networks in private (none) mode");
  }
}
