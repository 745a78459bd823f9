import type { Lease } from "#content/leases.ts";
import type { MadeLayer, MakerDeps } from "./types.ts";
import { toArchivedUpper, UPPER_LAYER_TASK } from "./upper-layer-task.ts";

/** See {@link import("./image-maker.ts").ImageMaker.layerFromUpper}. */
export async function layerFromUpper(
  deps: Pick<MakerDeps, "blobs" | "layers" | "helpers">,
  upperDir: string,
  lease: Lease,
): Promise<MadeLayer | undefined> {
  const pending = deps.layers.begin();
  const blobPath = deps.blobs.temporaryPath();
  try {
    const input = { upperDir, treePath: pending.treePath, blobPath };
    const layer = toArchivedUpper(await deps.helpers.start(UPPER_LAYER_TASK, input, () => {}).result);
    if (layer.members === 0) {
      await pending.abort();
      return undefined;
    }
    lease.hold(layer.diffId);
    deps.blobs.adopt(blobPath, layer.diffId);
    await pending.commit(layer.diffId, layer.sizeBytes);
    const blob = { digest: layer.diffId, sizeBytes: layer.blobBytes, compression: "none" } as const;
    return { diffId: layer.diffId, blob, sizeBytes: layer.sizeBytes };
  } catch (error) {
    deps.blobs.discard(blobPath);
    await pending.abort();
    throw error;
  }
}
