import type { HelperTask } from "#host/helper-serve.ts";
import { COMMIT_TASK, commitTask } from "./commit/commit-task.ts";
import { SYNC_TASK, syncTask } from "./sync-task.ts";
import { UNPACK_TASK, unpackTask } from "./unpack/unpack-task.ts";

/** What a helper process must know for the image side; given to `serveHelper` by the composition root. */
export const imageHelperTasks: Readonly<Record<string, HelperTask>> = {
  [UNPACK_TASK]: unpackTask,
  [SYNC_TASK]: syncTask,
  [COMMIT_TASK]: commitTask,
};
