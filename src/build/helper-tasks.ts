import type { HelperTask } from "#host/helpers/helper-serve.ts";
import { SCAN_TASK, scanTask } from "./attest/scan/scan-task.ts";
import { EXPORT_FILES_TASK, exportFilesTask } from "./export/files-task.ts";
import { SQUASH_TASK, squashTask } from "./export/squash-task.ts";
import { COPY_TASK, copyTask, MAKE_DIRECTORY_TASK, makeDirectoryTask } from "./files/copy-task.ts";
import { DIGEST_TASK, digestTask } from "./files/digest-task.ts";
import { RECEIVE_TASK, receiveTask } from "./sources/receive-task.ts";

/** What a helper process must know for builds; given to `serveHelper` by the composition root. */
export const buildHelperTasks: Readonly<Record<string, HelperTask>> = {
  [COPY_TASK]: copyTask,
  [MAKE_DIRECTORY_TASK]: makeDirectoryTask,
  [DIGEST_TASK]: digestTask,
  [RECEIVE_TASK]: receiveTask,
  [SQUASH_TASK]: squashTask,
  [SCAN_TASK]: scanTask,
  [EXPORT_FILES_TASK]: exportFilesTask,
};
