import { BerthError } from "#base/errors.ts";
import { parseNetworkRate } from "#base/network-rate.ts";
import type { NetworkService } from "#network/types.ts";
import type { NetworkRateRequest } from "#spec/berth/network-rate.ts";
import type { Container } from "../container/container.ts";
import { publishContainerEvent } from "../container/events.ts";
import { ownKeys } from "../container/settings/own-settings.ts";
import type { ContainerRegistry } from "../container/registry.ts";
import { isLive } from "../container/status.ts";
import type { Events } from "../ports.ts";

export interface SetRateDeps {
  readonly registry: ContainerRegistry;
  readonly networks: NetworkService;
  readonly events: Events;
}

/**
 * `POST /berth/containers/{id}/network-rate`: another limit for all of a container's endpoints, at once when it runs, and at
 * its next starts. `invalid-parameter` for what is no rate, `not-implemented` for networks that cannot limit.
 */
export function setNetworkRate(deps: SetRateDeps) {
  return async (reference: string, { Rate }: NetworkRateRequest): Promise<void> => {
    const container = deps.registry.find(reference);
    const rate = Rate === "none" ? undefined : parseNetworkRate(Rate);
    await container.lock.run(async () => {
      if (isLive(container.status)) {
        const pid = container.process?.pid;
        if (pid === undefined) throw new BerthError("conflict", `container ${container.id} is not running`);
        await deps.networks.setRate(container.id, rate, `/proc/${pid}/ns/net`);
      }
      keep(deps.registry, container, Rate);
      publishContainerEvent(deps.events, "update", container);
    });
  };
}

/** "none" is kept too: it goes before a label. */
function keep(registry: ContainerRegistry, container: Container, rate: string): void {
  const { spec } = container;
  const Annotations = { ...spec.hostConfig.Annotations, [ownKeys.netRate]: rate };
  registry.setSpec(container, { ...spec, hostConfig: { ...spec.hostConfig, Annotations } });
}
