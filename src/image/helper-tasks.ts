import type { HelperTask } from "#host/helpers/helper-serve.ts";
import { KEPT_LAYER_TASK, keptLayerTask } from "./make/kept-layer-task.ts";
import { UPPER_LAYER_TASK, upperLayerTask } from "./make/upper-layer-task.ts";
import { SYNC_TASK, syncTask } from "./sync-task.ts";
import { UNPACK_TASK, unpackTask } from "./unpack/unpack-task.ts";

/** What a helper process must know for the image side; given to `serveHelper` by the composition root. */
export const imageHelperTasks: Readonly<Record<string, HelperTask>> = {
  [UNPACK_TASK]: unpackTask,
  [SYNC_TASK]: syncTask,
  [KEPT_LAYER_TASK]: keptLayerTask,
  [UPPER_LAYER_TASK]: upperLayerTask,
};
