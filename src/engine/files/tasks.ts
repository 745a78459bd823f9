import type { HelperTask } from "#host/helpers/helper-serve.ts";
import { ARCHIVE_TASK, archiveTask } from "./archive-task.ts";
import { CHANGES_TASK, changesTask } from "./changes-task.ts";
import { EXPORT_TASK, exportTask } from "./export-task.ts";
import { EXTRACT_TASK, extractTask } from "./extract-task.ts";
import { LABEL_TASK, labelTask } from "./label-task.ts";
import { STAT_TASK, statTask } from "./stat-task.ts";
import {
  VOLUME_COPY_TASK,
  VOLUME_EXPORT_TASK,
  VOLUME_IMPORT_TASK,
  volumeCopyTask,
  volumeExportTask,
  volumeImportTask,
} from "./volume-tasks.ts";

/** What a helper process must know for the files of containers and volumes; given to `serveHelper` by the composition root. */
export const fileHelperTasks: Readonly<Record<string, HelperTask>> = {
  [STAT_TASK]: statTask,
  [ARCHIVE_TASK]: archiveTask,
  [EXTRACT_TASK]: extractTask,
  [EXPORT_TASK]: exportTask,
  [CHANGES_TASK]: changesTask,
  [LABEL_TASK]: labelTask,
  [VOLUME_COPY_TASK]: volumeCopyTask,
  [VOLUME_EXPORT_TASK]: volumeExportTask,
  [VOLUME_IMPORT_TASK]: volumeImportTask,
};
