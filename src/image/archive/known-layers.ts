import type { BlobStore } from "#content/blob-store.ts";
import type { Lease } from "#content/leases.ts";
import type { LayerDirectory } from "#snapshot/types.ts";
import type { ImageRows } from "../image-catalog.ts";
import type { MadeLayer } from "../make/types.ts";
import type { LayerFacts } from "../types.ts";
import { SNIFF_LENGTH, sniffCompression } from "../unpack/decompress.ts";

export interface KnownLayersDeps {
  readonly rows: Pick<ImageRows, "isBlobUsed" | "blobsOfLayer">;
  readonly blobs: BlobStore;
  readonly layers: { find(diffId: string): LayerDirectory | undefined };
}

/** A layer that an image here vouches for: packed and unpacked, and the one is known to be the other. */
export function knownLayer(
  { rows, blobs, layers }: KnownLayersDeps,
  { digest, diffId }: Pick<LayerFacts, "digest" | "diffId">,
): MadeLayer | undefined {
  const sizeBytes = blobs.sizeOf(digest);
  const tree = layers.find(diffId);
  if (sizeBytes === undefined || tree === undefined || !rows.isBlobUsed(digest)) return undefined;
  if (!rows.blobsOfLayer(diffId).includes(digest)) return undefined;
  const compression = sniffCompression(blobs.head(digest, SNIFF_LENGTH));
  return { diffId, blob: { digest, sizeBytes, compression }, sizeBytes: tree.sizeBytes };
}

/** The same for an image that is on its way: the layer stays as long as `lease` does. */
export function holdKnownLayer(
  deps: KnownLayersDeps,
  layer: Pick<LayerFacts, "digest" | "diffId">,
  lease: Lease,
): MadeLayer | undefined {
  lease.hold(layer.digest);
  lease.hold(layer.diffId);
  return knownLayer(deps, layer);
}
