import type { Volume } from "#spec/docker/volume.ts";
import type { Events, VolumeCopies, Volumes } from "../ports.ts";
import { ownVolume } from "./own-volume.ts";
import { findVolume, printVolume } from "./volume.ts";
import type { WhileStill } from "./while-still.ts";

export interface CopyDeps {
  readonly volumes: Volumes;
  readonly copies: VolumeCopies;
  readonly events: Events;
  readonly whileStill: WhileStill;
}

/**
 * `POST /berth/volumes/{name}/clone`: a new volume with the same files, labels and options. `name` may be a snapshot. What
 * writes to the volume is paused meanwhile, unless `live`.
 */
export function cloneVolume(deps: CopyDeps) {
  return async (name: string, { to, live }: { readonly to: string; readonly live: boolean }): Promise<Volume> => {
    const { info, reference } = await ownVolume(deps.volumes, name);
    // Somebody gives it a name now.
    const { "com.docker.volume.anonymous": _, ...labels } = info.labels;
    const copy = (): Promise<void> => deps.copies.clone(reference, to, { labels, options: info.options });
    if (live || reference.snapshot !== undefined) await copy();
    else await deps.whileStill(info.name, copy);
    deps.events.publish({
      type: "volume",
      action: "create",
      id: to,
      attributes: { driver: "local", clonedFrom: name },
    });
    return printVolume(await findVolume(deps.volumes, to));
  };
}
