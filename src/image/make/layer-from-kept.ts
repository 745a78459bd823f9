import { BerthError } from "#base/errors.ts";
import type { Lease } from "#content/leases.ts";
import type { Descriptor } from "#spec/oci/image.ts";
import { MEDIA_TYPE } from "#spec/oci/media-types.ts";
import { plainLayer } from "../push/compress-layer.ts";
import { archiveSmall, KEPT_LAYER_TASK } from "./kept-layer-task.ts";
import type { MadeLayer, MakerDeps } from "./types.ts";
import { toArchivedUpper } from "./upper-layer-task.ts";

/**
 * See {@link import("./image-maker.ts").ImageMaker.layerFromKept}. The archive is made of the tree where there is none,
 * plain or packed; the same tree gives the same bytes, so a blob that was collected comes back as it was. `data-loss`
 * when it does not: the layer came from elsewhere, in another form.
 */
export async function layerFromKept(
  deps: Pick<MakerDeps, "rows" | "blobs" | "layers" | "helpers">,
  number: number,
  lease: Lease,
): Promise<MadeLayer> {
  const layer = deps.layers.findNumber(number);
  if (layer === undefined) throw new BerthError("not-found", `layer ${number} does not exist`);
  lease.hold(layer.diffId);
  const isNamed = layer.diffId.startsWith("sha256:");
  const size = isNamed ? deps.blobs.sizeOf(layer.diffId) : undefined;
  if (size !== undefined) return made(layer.diffId, size, layer.sizeBytes);
  const packed = isNamed ? presentBlob(deps, layer.diffId) : undefined;
  if (packed !== undefined) {
    const { blob } = await plainLayer(
      deps,
      { diffId: layer.diffId, blob: packed },
      lease,
      new AbortController().signal,
    );
    return made(layer.diffId, blob.size, layer.sizeBytes);
  }
  const blobPath = deps.blobs.temporaryPath();
  try {
    const input = { treePath: layer.path, blobPath, latest: null };
    const { diffId, blobBytes } =
      archiveSmall(input) ?? toArchivedUpper(await deps.helpers.start(KEPT_LAYER_TASK, input, () => {}).result);
    if (isNamed && diffId !== layer.diffId)
      throw new BerthError("data-loss", `the archive of layer ${layer.diffId} is not here any more`, {
        hint: "Build with --no-cache, or prune the build cache.",
      });
    lease.hold(diffId);
    deps.blobs.adopt(blobPath, diffId);
    const named = deps.layers.name(number, diffId, layer.sizeBytes);
    return made(named.diffId, blobBytes, layer.sizeBytes);
  } catch (error) {
    deps.blobs.discard(blobPath);
    throw error;
  }
}

/**
 * A kept layer's archive in which nothing is younger than `latest`, Unix seconds: a blob alone, no layer of its own.
 * `not-found` when there is no such layer.
 */
export async function retimedLayer(
  deps: Pick<MakerDeps, "blobs" | "layers" | "helpers">,
  number: number,
  latest: number,
  lease: Lease,
): Promise<{ readonly digest: string; readonly sizeBytes: number }> {
  const layer = deps.layers.findNumber(number);
  if (layer === undefined) throw new BerthError("not-found", `layer ${number} does not exist`);
  const blobPath = deps.blobs.temporaryPath();
  try {
    const input = { treePath: layer.path, blobPath, latest };
    const { diffId, blobBytes } = toArchivedUpper(await deps.helpers.start(KEPT_LAYER_TASK, input, () => {}).result);
    lease.hold(diffId);
    deps.blobs.adopt(blobPath, diffId);
    return { digest: diffId, sizeBytes: blobBytes };
  } catch (error) {
    deps.blobs.discard(blobPath);
    throw error;
  }
}

function presentBlob(deps: Pick<MakerDeps, "rows" | "blobs">, diffId: string): Descriptor | undefined {
  for (const digest of deps.rows.blobsOfLayer(diffId)) {
    const size = deps.blobs.sizeOf(digest);
    if (size !== undefined) return { mediaType: MEDIA_TYPE.ociLayer, digest, size };
  }
  return undefined;
}

const made = (diffId: string, blobBytes: number, sizeBytes: number): MadeLayer => ({
  diffId,
  blob: { digest: diffId, sizeBytes: blobBytes, compression: "none" },
  sizeBytes,
});
