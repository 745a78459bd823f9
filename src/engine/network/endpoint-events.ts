import type { Endpoint, NetworkService } from "#network/types.ts";
import type { Events } from "../ports.ts";

/** Tell that a container came into a network or left it. */
export async function publishEndpointEvent(
  deps: { readonly events: Events; readonly networks: NetworkService },
  action: "connect" | "disconnect",
  { networkId, networkName, containerId }: Pick<Endpoint, "networkId" | "networkName" | "containerId">,
): Promise<void> {
  // A network that is gone with its last container is told by name alone.
  const type = await deps.networks.find(networkId).then(
    ({ driver }) => driver,
    () => "",
  );
  deps.events.publish({
    type: "network",
    action,
    id: networkId,
    attributes: { container: containerId, name: networkName, type },
  });
}
