import { BerthError } from "#base/errors.ts";
import { setTreeLabel } from "#host/files/file-labels.ts";
import { realPath } from "#host/files/files.ts";
import type { Json } from "#host/helpers/helper-protocol.ts";
import { relabelRefusal } from "#runtime/selinux/relabel-refusal.ts";

export const LABEL_TASK = "label-tree";

/** Give a tree an SELinux label. `internal` in Docker's words for what is the whole machine's. */
export async function labelTask(input: Json): Promise<Json> {
  const { path, label, homes } = input as {
    readonly path: string;
    readonly label: string;
    readonly homes: readonly string[];
  };
  // Links are followed once, so that what is judged is what is labelled.
  const source = realPath(path);
  const why = relabelRefusal(source, homes);
  if (why !== undefined) throw new BerthError("internal", `error setting label on mount source '${source}': ${why}`);
  setTreeLabel(source, label);
  return null;
}
