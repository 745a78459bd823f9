import { isBerthError } from "#base/errors.ts";
import { parseTime } from "#base/time.ts";
import type { NetworkInfo, NetworkService } from "#network/types.ts";
import { matchesLabelFilters, type Filters } from "#spec/docker/filters.ts";
import type { NetworksPruned } from "#spec/docker/network-requests.ts";
import { untilFilter } from "#spec/docker/until-filter.ts";
import { plannedEndpoints } from "../container/network/endpoint-plan.ts";
import type { ContainerRegistry } from "../container/registry.ts";
import type { Clock, Events } from "../ports.ts";
import { PruneGuard } from "../prune-guard.ts";
import { publishDestroy } from "./remove.ts";

export const networkPruneKeys = ["label", "label!", "until"] as const;

export interface NetworkPruneDeps {
  readonly networks: NetworkService;
  readonly registry: ContainerRegistry;
  readonly clock: Clock;
  readonly events: Events;
}

/** `POST /networks/prune`: remove the networks that people made and no container is in or would start in. */
export function pruneNetworks(deps: NetworkPruneDeps) {
  const guard = new PruneGuard();
  return (filters: Filters, signal: AbortSignal): Promise<NetworksPruned> => {
    const until = untilFilter(filters, deps.clock.nowNs());
    return guard.run(async () => {
      const wanted = namesInUse(deps.registry);
      const chosen = (network: NetworkInfo): boolean =>
        !network.predefined &&
        !wanted.has(network.name) &&
        !wanted.has(network.id) &&
        (until === undefined || parseTime(network.createdAt) <= until) &&
        matchesLabelFilters(filters, network.labels);
      const deleted: string[] = [];
      for (const network of (await deps.networks.list()).filter(chosen)) {
        if (signal.aborted) break;
        try {
          publishDestroy(deps.events, await deps.networks.remove(network.id));
          deleted.push(network.name);
        } catch (error) {
          // Taken into use meanwhile, or gone.
          if (!isBerthError(error, "forbidden") && !isBerthError(error, "not-found")) throw error;
        }
      }
      deps.events.publish({ type: "network", action: "prune", id: "", attributes: { reclaimed: "0" } });
      return { NetworksDeleted: deleted.length === 0 ? null : deleted };
    });
  };
}

function namesInUse(registry: ContainerRegistry): ReadonlySet<string> {
  return new Set(registry.all().flatMap(({ spec }) => plannedEndpoints(spec).map(({ network }) => network)));
}
