import type { BlobStore } from "#content/blob-store.ts";
import type { Leases } from "#content/leases.ts";
import type { LayerDirectories } from "#snapshot/layer-directories.ts";
import type { ImageRows } from "../image-catalog.ts";

export interface CollectDeps {
  readonly rows: ImageRows;
  readonly blobs: BlobStore;
  readonly layers: LayerDirectories;
  readonly leases: Leases;
}

/**
 * Delete those of `candidates` that no image, no snapshot and no lease holds. Returns the diff ids of the layers that
 * went, in the order given.
 */
export async function collect(
  deps: CollectDeps,
  candidates: { readonly diffIds: readonly string[]; readonly blobs: readonly string[] },
): Promise<readonly string[]> {
  const gone: string[] = [];
  for (const digest of candidates.blobs) {
    if (!deps.rows.isBlobUsed(digest) && !deps.leases.isHeld(digest)) deps.blobs.delete(digest);
  }
  for (const diffId of new Set(candidates.diffIds)) {
    if (!deps.leases.isHeld(diffId) && (await deps.layers.deleteUnused(diffId))) gone.push(diffId);
  }
  return gone;
}

/**
 * At start: blobs and layers that nothing names, left by an engine that was killed while it pulled. Large blobs are kept
 * for a while, so that the pull can be taken up where it was cut off.
 */
export async function collectAll(deps: CollectDeps, diffIds: readonly string[]): Promise<void> {
  await collect(deps, { diffIds, blobs: deps.blobs.list().filter((digest) => !deps.blobs.isFresh(digest)) });
}
