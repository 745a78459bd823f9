import { takeWriteEnd } from "#host/sockets/byte-pipe.ts";
import { withFd } from "#host/files/files.ts";
import type { Json } from "#host/helpers/helper-protocol.ts";
import type { HelperContext } from "#host/helpers/helper-serve.ts";
import { writeAll } from "#host/kernel/syscalls.ts";
import { archive, type ArchiveRoot } from "#host/tree/tree-archiver.ts";
import { byteString } from "#spec/tar/byte-string.ts";
import { withTree } from "../files/open-tree.ts";
import type { FileTree } from "../solver/types.ts";

export const EXPORT_FILES_TASK = "build-export-files";

/** A tree and the folder of the archive it is put into; "" is the archive's root. */
export interface FilesToExport {
  readonly tree: FileTree;
  readonly folder: string;
}

/** Write trees as one tar archive into the engine's pipe. `time`: of every member, null as they are. Says `null` first. */
export async function exportFilesTask(input: Json, context: HelperContext): Promise<Json> {
  const { trees, time, pipe } = input as unknown as {
    readonly trees: readonly FilesToExport[];
    readonly time: number | null;
    readonly pipe: string;
  };
  const out = takeWriteEnd(pipe);
  await context.send(null);
  await opened(trees, [], (roots) => {
    const options = time === null ? {} : { time: () => time };
    withFd(out, () => {
      for (const piece of archive(roots, options)) writeAll(out, piece);
    });
  });
  return null;
}

/** One view inside the other. */
function opened(
  trees: readonly FilesToExport[],
  roots: readonly ArchiveRoot[],
  work: (roots: readonly ArchiveRoot[]) => void,
): Promise<void> {
  const [next, ...rest] = trees;
  if (next === undefined) return Promise.resolve(work(roots));
  return withTree(next.tree, (tree) => {
    if (tree === undefined) return opened(rest, roots, work);
    const { rootFd } = tree;
    const root: ArchiveRoot =
      next.folder === ""
        ? { kind: "content", directoryFd: rootFd }
        : { kind: "descriptor", fd: rootFd, as: byteString(Buffer.from(next.folder)) };
    return opened(rest, [...roots, root], work);
  });
}
