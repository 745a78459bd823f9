import type { ContainerLives } from "../container/lives.ts";
import type { EngineCore } from "../engine-deps.ts";
import { cloneVolume } from "./clone.ts";
import { createVolume } from "./create.ts";
import { inspectVolume, listVolumes } from "./list.ts";
import { lockVolume } from "./lock.ts";
import { pruneVolumes } from "./prune.ts";
import { removeVolume } from "./remove.ts";
import { renameVolume } from "./rename.ts";
import { restoreVolume } from "./restore.ts";
import { listSnapshots, snapshotVolume } from "./snapshots.ts";
import { exportVolume, importVolume } from "./transfer.ts";
import { whileStill } from "./while-still.ts";

/** `/volumes`. */
export function volumeVerbs(core: EngineCore, lives: Pick<ContainerLives, "pause" | "unpause">) {
  const still = whileStill({ ...core, ...lives });
  return {
    list: listVolumes(core),
    inspect: inspectVolume(core),
    create: createVolume(core),
    remove: removeVolume(core),
    prune: pruneVolumes(core),
    clone: cloneVolume({ ...core, whileStill: still }),
    snapshots: listSnapshots(core),
    snapshot: snapshotVolume({ ...core, whileStill: still }),
    restore: restoreVolume(core),
    rename: renameVolume(core),
    export: exportVolume(core),
    import: importVolume(core),
    lock: lockVolume(core),
  };
}
