import { copyTree } from "#host/tree/copy-tree.ts";
import { hasCode } from "#host/kernel/errno.ts";
import { ensureDirectory, listDirectory, withFd } from "#host/files/files.ts";
import { O_CLOEXEC, O_DIRECTORY, O_RDONLY } from "#host/kernel/linux.ts";
import { openOverlayView } from "#host/mounts/overlay-view.ts";
import { openInRoot } from "#host/files/rooted-path.ts";
import { open } from "#host/kernel/syscalls.ts";
import type { RootMount } from "#snapshot/types.ts";

export interface CopyUpRequest {
  readonly volumePath: string;
  readonly root: Pick<RootMount, "upperDir" | "lowerDirs">;
  readonly target: string;
}

/**
 * Fill an empty volume with what the image has at `target`, owner and mode of the directory included (docker-compat).
 * Nothing happens when the volume holds something or the image has no directory there. `scratch`: an own directory.
 */
export function copyUp({ volumePath, root, target }: CopyUpRequest, scratch: string): void {
  if (listDirectory(volumePath).length > 0) return;
  ensureDirectory(scratch, 0o700);
  const flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  withFd(openOverlayView([root.upperDir, ...root.lowerDirs], scratch), (view) => {
    const source = openDirectory(view, target);
    if (source === undefined) return;
    withFd(source, (from) => withFd(open(volumePath, flags), (to) => copyTree(from, to)));
  });
}

function openDirectory(view: number, path: string): number | undefined {
  try {
    return openInRoot(view, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}
