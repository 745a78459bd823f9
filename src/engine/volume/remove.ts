import { BerthError, isBerthError } from "#base/errors.ts";
import type { ContainerRegistry } from "../container/registry.ts";
import type { Events, VolumeCopies, Volumes } from "../ports.ts";
import { ownVolume, refuseLocked } from "./own-volume.ts";
import { findVolume, volumeUsers } from "./volume.ts";

export interface VolumeRemoveDeps {
  readonly volumes: Volumes;
  readonly registry: ContainerRegistry;
  readonly events: Events;
  readonly copies: VolumeCopies;
}

/**
 * `DELETE /volumes/{name}`: a volume, or `VOLUME@SNAPSHOT`. `conflict` while a container has it or a person locked it,
 * `not-found` when it is not there, which `force` makes no error.
 */
export function removeVolume(deps: VolumeRemoveDeps) {
  return async (name: string, options: { readonly force: boolean }): Promise<void> => {
    try {
      if (name.includes("@")) await removeSnapshot(deps, name);
      else await removeWhole(deps, name);
    } catch (error) {
      if (!options.force || !isBerthError(error, "not-found")) throw error;
    }
  };
}

async function removeSnapshot({ volumes, copies }: VolumeRemoveDeps, name: string): Promise<void> {
  const { info, reference } = await ownVolume(volumes, name);
  refuseLocked(info, "remove");
  await copies.removeSnapshot(info.name, reference.snapshot ?? "");
}

async function removeWhole(deps: VolumeRemoveDeps, name: string): Promise<void> {
  const info = await findVolume(deps.volumes, name);
  const users = volumeUsers(deps.registry).get(name) ?? [];
  if (users.length > 0) {
    throw new BerthError("conflict", `remove ${name}: volume is in use - [${users.join(", ")}]`);
  }
  refuseLocked(info, "remove");
  await deps.volumes.remove(name);
  deps.events.publish({ type: "volume", action: "destroy", id: name, attributes: { driver: info.driver } });
}
