import { BerthError, isBerthError } from "#base/errors.ts";
import type { ContainerRegistry } from "../container/registry.ts";
import type { Events, Volumes } from "../ports.ts";
import { findVolume, volumeUsers } from "./volume.ts";

export interface VolumeRemoveDeps {
  readonly volumes: Volumes;
  readonly registry: ContainerRegistry;
  readonly events: Events;
}

/**
 * `DELETE /volumes/{name}`. `conflict` while a container has it, `not-found` when it is not there, which `force` makes no
 * error.
 */
export function removeVolume(deps: VolumeRemoveDeps) {
  return async (name: string, options: { readonly force: boolean }): Promise<void> => {
    let driver: string;
    try {
      ({ driver } = await findVolume(deps.volumes, name));
    } catch (error) {
      if (options.force && isBerthError(error, "not-found")) return;
      throw error;
    }
    const users = volumeUsers(deps.registry).get(name) ?? [];
    if (users.length > 0) {
      throw new BerthError("conflict", `remove ${name}: volume is in use - [${users.join(", ")}]`);
    }
    await deps.volumes.remove(name);
    deps.events.publish({ type: "volume", action: "destroy", id: name, attributes: { driver } });
  };
}
