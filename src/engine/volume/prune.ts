import { matchesLabelFilters, type Filters } from "#spec/docker/filters.ts";
import { BerthError } from "#base/errors.ts";
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

/** docker-compat: other words than those of other filters. */
function allFilter(filters: Filters): boolean {
  const values = [...(filters.get("all") ?? [])].toSorted();
  const [only = ""] = values;
  const invalid = (why: string): BerthError => new BerthError("invalid-parameter", `invalid filter 'all${why}`);
  if (!filters.has("all")) return false;
  if (values.length > 1) throw invalid(`=[${values.join(" ")}]': only one value is expected`);
  if (["1", "t", "T", "TRUE", "true", "True"].includes(only)) return true;
  if (["0", "f", "F", "FALSE", "false", "False"].includes(only)) return false;
  throw invalid(`': strconv.ParseBool: parsing ${JSON.stringify(only)}: invalid syntax`);
}

/**
 * `POST /volumes/prune`: remove the local volumes that no container has; without `all` only those that nobody named.
 */
export function pruneVolumes(deps: VolumePruneDeps) {
  const guard = new PruneGuard();
  return (filters: Filters, signal: AbortSignal): Promise<VolumesPruned> => {
    const all = allFilter(filters);
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
