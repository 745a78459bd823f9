import { FSCONFIG_CMD_CREATE, FSCONFIG_SET_STRING, MOUNT_ATTR_RDONLY, O_DIRECTORY, O_PATH } from "#host/linux.ts";
import { close, fsconfig, fsmount, fsopen, open } from "#host/syscalls.ts";
import type { RootMount } from "#snapshot/types.ts";

/**
 * A container's root as its process will see it, to be read by descriptor: an overlay of the writable directory and all
 * layers, mounted nowhere (fsmount(2) without move_mount), so that it is gone with the descriptor.
 */
export function openMergedRoot(root: RootMount): number {
  const layers = [root.upperDir, ...root.lowerDirs];
  const [only, second] = layers;
  if (only !== undefined && second === undefined) return open(only, O_PATH | O_DIRECTORY);
  const context = fsopen("overlay");
  try {
    appendLayers(context, layers);
    fsconfig(context, FSCONFIG_CMD_CREATE);
    return fsmount(context, MOUNT_ATTR_RDONLY);
  } finally {
    close(context);
  }
}

/** One option a layer (Linux 6.5), which has no limit of length; before that one option with colons. */
function appendLayers(context: number, layers: readonly string[]): void {
  try {
    for (const layer of layers) fsconfig(context, FSCONFIG_SET_STRING, "lowerdir+", layer);
  } catch {
    const escaped = layers.map((layer) => layer.replace(/[\\:]/g, "\\$&"));
    fsconfig(context, FSCONFIG_SET_STRING, "lowerdir", escaped.join(":"));
  }
}
