import { BerthError } from "#base/errors.ts";
import type { ContainerRegistry } from "../container/registry.ts";
import type { CopyDeps } from "./clone.ts";
import { ownVolume, refuseLocked, refuseRunning } from "./own-volume.ts";

/**
 * `POST /berth/volumes/{name}/restore`, `name` being a snapshot: the volume has that snapshot's files again. `conflict`
 * while a container that has it runs, or while it is locked.
 */
export function restoreVolume(
  deps: Pick<CopyDeps, "volumes" | "copies" | "events"> & { readonly registry: ContainerRegistry },
) {
  return async (name: string): Promise<void> => {
    const { info, reference } = await ownVolume(deps.volumes, name);
    const { volume, snapshot } = reference;
    if (snapshot === undefined) {
      throw new BerthError("invalid-parameter", `name the snapshot to restore: ${volume}@SNAPSHOT`);
    }
    refuseLocked(info, "restore");
    const check = (): void => refuseRunning(deps.registry, volume, "restore");
    check();
    await deps.copies.restore(volume, snapshot, check);
    deps.events.publish({ type: "volume", action: "restore", id: volume, attributes: { driver: "local", snapshot } });
  };
}
