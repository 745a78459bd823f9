import type { NetworkInfo, NetworkService } from "#network/types.ts";
import type { Events } from "../ports.ts";
import { findNamed } from "./find-named.ts";

/** `DELETE /networks/{id}`. `forbidden` for a predefined network, and one with running containers in it. */
export function removeNetwork(deps: { readonly networks: NetworkService; readonly events: Events }) {
  return async (nameOrId: string): Promise<void> => {
    const { id } = await findNamed(deps.networks, nameOrId);
    const removed = await deps.networks.remove(id);
    publishDestroy(deps.events, removed);
  };
}

export function publishDestroy(events: Events, { id, name, driver }: NetworkInfo): void {
  events.publish({ type: "network", action: "destroy", id, attributes: { name, type: driver } });
}
