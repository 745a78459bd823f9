import { BerthError } from "#base/errors.ts";
import type { NetworkInfo } from "#network/types.ts";
import type { NetworkDisconnectRequest } from "#spec/docker/network-requests.ts";
import type { Container } from "../container/container.ts";
import { plannedEndpoints } from "../container/network/endpoint-plan.ts";
import type { ContainerRegistry } from "../container/registry.ts";
import { refreshResolvConf, type ResolverDeps } from "../container/network/resolver-files.ts";
import { isLive } from "../container/status.ts";
import type { Events } from "../ports.ts";
import { publishEndpointEvent } from "./endpoint-events.ts";
import { findMember, findNamed } from "./find-named.ts";

export interface NetworkDisconnectDeps extends ResolverDeps {
  readonly registry: ContainerRegistry;
  readonly events: Events;
}

export const notHost = "container cannot be disconnected from host network or connected to host network";

/**
 * `POST /networks/{id}/disconnect`: take a container out of a network, now and for its next starts. `forbidden` when it is
 * not in it, `invalid-parameter` for the host's network.
 */
export function disconnectNetwork(deps: NetworkDisconnectDeps) {
  return async (nameOrId: string, request: NetworkDisconnectRequest): Promise<void> => {
    const { Container: name, Force } = request;
    const network = Force ? await findNamed(deps.networks, nameOrId) : undefined;
    if (Force && deps.registry.lookup(name) === undefined) {
      // docker-compat: by force a member is looked for that no container is known to.
      throw new BerthError("not-found", `endpoint ${name} not found`);
    }
    const container = findMember(deps.registry, name);
    const left = network ?? (await findNamed(deps.networks, nameOrId));
    await container.lock.run(() => disconnectLocked(deps, container, left));
  };
}

async function disconnectLocked(
  deps: NetworkDisconnectDeps,
  container: Container,
  network: NetworkInfo,
): Promise<void> {
  if (network.name === "host") {
    throw new BerthError("invalid-parameter", notHost);
  }
  const planned = plannedEndpoints(container.spec);
  const left = planned.filter((endpoint) => endpoint.network !== network.name && endpoint.network !== network.id);
  if (left.length === planned.length) {
    throw new BerthError("forbidden", `container ${container.id} is not connected to network ${network.name}`);
  }
  const { process } = container;
  const before = await deps.networks.endpoints(container.id);
  const endpoint = before.find(({ networkId }) => networkId === network.id);
  if (isLive(container.status) && process !== undefined && endpoint !== undefined) {
    await deps.networks.disconnect(container.id, network.id, `/proc/${process.pid}/ns/net`);
    await refreshResolvConf(deps, container, before);
  }
  // docker-compat: told of one that rests too, although nothing told that it came in.
  const membership = { networkId: network.id, networkName: network.name, containerId: container.id };
  await publishEndpointEvent(deps, "disconnect", membership);
  const { spec } = container;
  const EndpointsConfig = Object.fromEntries(left.map(({ network: name, settings }) => [name, settings]));
  deps.registry.setSpec(container, {
    ...spec,
    networking: { ...spec.networking, EndpointsConfig },
    leftMode: !left.some(({ network: name }) => name === spec.hostConfig.NetworkMode),
  });
}
