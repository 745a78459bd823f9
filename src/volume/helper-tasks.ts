import type { HelperTask } from "#host/helpers/helper-serve.ts";
import {
  SHARE_COPY_UP_TASK,
  SHARE_MOUNT_TASK,
  SHARE_UNMOUNT_TASK,
  shareCopyUpTask,
  shareMountTask,
  shareUnmountTask,
} from "./share-mounts.ts";

/** What a helper process must know for volumes; given to `serveHelper` by the composition root. */
export const volumeHelperTasks: Readonly<Record<string, HelperTask>> = {
  [SHARE_MOUNT_TASK]: shareMountTask,
  [SHARE_UNMOUNT_TASK]: shareUnmountTask,
  [SHARE_COPY_UP_TASK]: shareCopyUpTask,
};
