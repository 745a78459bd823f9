import { messageOf } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import type { Snapshotter } from "#snapshot/types.ts";
import { matchesLabelFilters, type Filters } from "#spec/docker/filters.ts";
import type { ContainersPruned } from "#spec/docker/prune.ts";
import { untilFilter } from "#spec/docker/until-filter.ts";
import type { Clock, Events } from "../../ports.ts";
import { PruneGuard } from "../../prune-guard.ts";
import type { Container } from "../container.ts";
import type { ContainerRegistry } from "../registry.ts";

export const containerPruneKeys = ["label", "label!", "until"] as const;

export interface PruneDeps {
  readonly registry: ContainerRegistry;
  readonly snapshots: Snapshotter;
  readonly clock: Clock;
  readonly events: Events;
  readonly log: Log;
  readonly remove: (
    reference: string,
    options: { readonly force: boolean; readonly volumes: boolean },
  ) => Promise<void>;
}

/**
 * `POST /containers/prune`: remove what does not run, its volumes excepted. One that cannot be removed, or was started
 * meanwhile, is left. A client that leaves ends it after the container at hand.
 */
export function pruneContainers(deps: PruneDeps) {
  const guard = new PruneGuard();
  return (filters: Filters, signal: AbortSignal): Promise<ContainersPruned> => {
    const until = untilFilter(filters, deps.clock.nowNs());
    const chosen = (container: Container): boolean =>
      isStopped(container) &&
      (until === undefined || container.createdAtNs <= until) &&
      matchesLabelFilters(filters, container.spec.config.Labels ?? {});
    return guard.run(async () => {
      const deleted: string[] = [];
      let reclaimed = 0;
      for (const container of deps.registry.all().filter(chosen)) {
        if (signal.aborted) break;
        const bytes = await deps.snapshots.usage(container.id).then(
          ({ sizeBytes }) => sizeBytes,
          () => 0,
        );
        try {
          await deps.remove(container.id, { force: false, volumes: false });
          deleted.push(container.id);
          reclaimed += bytes;
        } catch (error) {
          deps.log.warn("prune leaves a container", { container: container.id, error: messageOf(error) });
        }
      }
      const attributes = { reclaimed: String(reclaimed) };
      deps.events.publish({ type: "container", action: "prune", id: "", attributes });
      return { ContainersDeleted: deleted.length === 0 ? null : deleted, SpaceReclaimed: reclaimed };
    });
  };
}

function isStopped({ status: { state } }: Container): boolean {
  return state === "created" || state === "exited" || state === "dead";
}
