import { patternsOf } from "#spec/docker/filter-patterns.ts";
import { booleanFilter, matchesLabels, type Filters } from "#spec/docker/filters.ts";
import type { Volume, VolumeList } from "#spec/docker/volume.ts";
import type { ContainerRegistry } from "../container/registry.ts";
import type { Volumes } from "../ports.ts";
import { findVolume, printVolume, volumeUsers } from "./volume.ts";

export const volumeFilterKeys = ["dangling", "driver", "label", "name"] as const;

/** `GET /volumes`. */
export function listVolumes(deps: { readonly volumes: Volumes; readonly registry: ContainerRegistry }) {
  return async (filters: Filters): Promise<VolumeList> => {
    const dangling = filters.has("dangling") ? booleanFilter(filters, "dangling", true) : undefined;
    const users = volumeUsers(deps.registry);
    const any = (key: string, accepts: (value: string) => boolean): boolean => {
      const wanted = filters.get(key);
      return wanted === undefined || wanted.size === 0 || [...wanted].some(accepts);
    };
    const names = patternsOf(filters, "name");
    const { volumes, warnings } = await deps.volumes.list();
    const shown = volumes.filter(
      ({ name, labels, driver }) =>
        (dangling === undefined || dangling !== users.has(name)) &&
        any("driver", (value) => value === driver) &&
        (names === undefined || names(name)) &&
        matchesLabels(filters, labels),
    );
    return { Volumes: shown.map(printVolume), Warnings: warnings.length === 0 ? null : warnings };
  };
}

/** `GET /volumes/{name}`. */
export function inspectVolume(deps: { readonly volumes: Volumes }) {
  return async (name: string): Promise<Volume> => printVolume(await findVolume(deps.volumes, name));
}
