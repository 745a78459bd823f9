import { BerthError } from "#base/errors.ts";
import type { NetworkInfo, NetworkService } from "#network/types.ts";
import type { Container } from "../container/container.ts";
import type { ContainerRegistry } from "../container/registry.ts";

/** As `NetworkService.find`, but `default`, which only a container's network mode may be. */
export async function findNamed(networks: NetworkService, nameOrId: string): Promise<NetworkInfo> {
  if (nameOrId === "default") throw new BerthError("not-found", "network default not found");
  return networks.find(nameOrId);
}

/** The container of a request to join or leave a network. */
export function findMember(registry: ContainerRegistry, reference: string): Container {
  if (reference === "") throw new BerthError("invalid-parameter", 'invalid name or ID supplied: ""');
  return registry.find(reference);
}
