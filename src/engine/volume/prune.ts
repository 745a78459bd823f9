import { booleanFilter, matchesLabelFilters, type Filters } from "#spec/docker/filters.ts";
import type { VolumesPruned } from "#spec/docker/volume.ts";
import type { ContainerRegistry } from "../container/registry.ts";
import type { Events, Volumes } from "../ports.ts";
import { PruneGuard } from "../prune-guard.ts";
import { volumeUsers } from "./volume.ts";

export const volumePruneKeys = ["all", "label", "label!"] as const;

export interface VolumePruneDeps {
  readonly volumes: Volumes;
  readonly registry: ContainerRegistry;
  readonly events: Events;
}

/**
 * `POST /volumes/prune`: remove the local volumes that no container has; without `all` only those that nobody named.
 */
export function pruneVolumes(deps: VolumePruneDeps) {
  const guard = new PruneGuard();
  return (filters: Filters, signal: AbortSignal): Promise<VolumesPruned> => {
    const all = booleanFilter(filters, "all", false);
    return guard.run(async () => {
      const deleted: string[] = [];
      let reclaimed = 0;
      for (const { name, labels, locked } of deps.volumes.listLocal()) {
        if (signal.aborted) break;
        if (locked) continue;
        if (!all && !Object.hasOwn(labels, "com.docker.volume.anonymous")) continue;
        if (!matchesLabelFilters(filters, labels)) continue;
        const bytes = await deps.volumes.sizeBytes(name);
        // Looked at last, because a container may have taken it meanwhile.
        if (volumeUsers(deps.registry).has(name)) continue;
        await deps.volumes.remove(name);
        deps.events.publish({ type: "volume", action: "destroy", id: name, attributes: { driver: "local" } });
        deleted.push(name);
        reclaimed += bytes;
      }
      const attributes = { reclaimed: String(reclaimed) };
      deps.events.publish({ type: "volume", action: "prune", id: "", attributes });
      return { VolumesDeleted: deleted, SpaceReclaimed: reclaimed };
    });
  };
}
