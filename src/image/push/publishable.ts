import type { BlobStore } from "#content/blob-store.ts";
import type { Leases } from "#content/leases.ts";
import type { Descriptor } from "#spec/oci/image.ts";
import { layerMediaType } from "#spec/oci/media-types.ts";
import type { ImageRows } from "../image-catalog.ts";
import { completeManifest, formatOf, toPublishable, type Publishable } from "../manifest-of.ts";
import type { CollectDeps } from "../manage/collect-garbage.ts";
import type { StoredImage } from "../types.ts";
import type { PushCompression } from "./compress.ts";
import { compressLayer } from "./compress-layer.ts";
import { replaceManifest } from "./replace-manifest.ts";

/**
 * The manifest under which an image is handed on. What came from a registry goes out byte for byte, so that its digest
 * stays. Layers that were made here are compressed, once: the image then keeps that manifest and the compressed blobs
 * instead of the plain ones. `data-loss` when a layer's blob is gone.
 */
export async function publishable(
  deps: CollectDeps & { readonly rows: ImageRows; readonly blobs: BlobStore; readonly leases: Leases },
  image: StoredImage,
  options: { readonly compression: PushCompression; readonly signal: AbortSignal },
): Promise<Publishable> {
  const own = completeManifest(deps, image);
  if (image.artifactType !== undefined) return own;
  const { manifest } = own;
  const isPublished = deps.rows.referencesOf(image.id).some(({ suffix }) => suffix.startsWith("@"));
  const lease = deps.leases.acquire();
  try {
    const layers: Descriptor[] = [];
    for (const [index, layer] of manifest.layers.entries()) {
      const diffId = image.diffIds[index] ?? "";
      const plain = layerMediaType("none", formatOf(manifest)) === layer.mediaType;
      if (isPublished || !plain) layers.push(layer);
      else layers.push(await compressLayer(deps, layer, diffId, formatOf(manifest), lease, options));
    }
    const next = layers.every((layer, index) => layer === manifest.layers[index])
      ? own
      : toPublishable({ ...manifest, layers });
    if (next.document.digest !== image.manifest.digest)
      await replaceManifest(deps, image, { before: own.manifest, next }, lease);
    return next;
  } finally {
    lease.release();
  }
}
