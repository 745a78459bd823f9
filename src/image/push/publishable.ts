import { Limit } from "#base/async.ts";
import type { BlobStore } from "#content/blob-store.ts";
import type { Leases } from "#content/leases.ts";
import { layerMediaType } from "#spec/oci/media-types.ts";
import type { ImageRows } from "../image-catalog.ts";
import { completeManifest, formatOf, toPublishable, type Publishable } from "../manifest-of.ts";
import type { CollectDeps } from "../manage/collect-garbage.ts";
import { allOrNone } from "../pull/all-or-none.ts";
import type { StoredImage } from "../types.ts";
import type { PushCompression } from "./compress.ts";
import { compressLayer } from "./compress-layer.ts";
import { replaceManifest } from "./replace-manifest.ts";

/** Each takes one processor. */
const COMPRESSIONS_AT_ONCE = 4;

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
    const format = formatOf(manifest);
    const plainType = layerMediaType("none", format);
    const compressions = new Limit(COMPRESSIONS_AT_ONCE);
    const layers = await allOrNone(options.signal, [...manifest.layers.entries()], async ([index, layer], signal) => {
      if (isPublished || layer.mediaType !== plainType) return layer;
      const diffId = image.diffIds[index] ?? "";
      return compressions.run(() => compressLayer(deps, layer, diffId, format, lease, { ...options, signal }));
    });
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
