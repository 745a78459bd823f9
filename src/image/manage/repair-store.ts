import { messageOf } from "#base/errors.ts";
import type { BlobStore } from "#content/blob-store.ts";
import type { LayerDirectories } from "#snapshot/layer-directories.ts";
import { manifestOf } from "../manifest-of.ts";
import type { ImageCatalog } from "../image-catalog.ts";
import type { StoredImage, StoreProblem } from "../types.ts";
import type { LayerUnpacker } from "../unpack/layer-unpacker.ts";

export interface RepairDeps {
  readonly catalog: ImageCatalog;
  readonly blobs: BlobStore;
  readonly layers: LayerDirectories;
  readonly unpacker: LayerUnpacker;
  /** Pull an image anew by a name with a digest. */
  readonly pull: (reference: string) => Promise<unknown>;
}

/**
 * Mend what a check found: damaged blobs are dropped and fetched again from where their image came, layers are unpacked
 * again. Resolves to what was done about each problem, or why nothing could be.
 */
export async function repairStore(
  deps: RepairDeps,
  problems: readonly StoreProblem[],
): Promise<readonly (StoreProblem & { readonly repaired: boolean })[]> {
  const repaired: (StoreProblem & { readonly repaired: boolean })[] = [];
  for (const problem of problems.filter(({ kind }) => kind === "blob")) deps.blobs.delete(problem.subject);
  for (const problem of problems) {
    const images = problem.imageIds.flatMap((id) => deps.catalog.find(id) ?? []);
    try {
      await (problem.kind === "layer" ? unpackAgain(deps, images, problem.subject) : fetchAgain(deps, images));
      repaired.push({ ...problem, repaired: true });
    } catch (error) {
      repaired.push({ ...problem, message: `${problem.message}; ${messageOf(error)}`, repaired: false });
    }
  }
  return repaired;
}

async function fetchAgain({ pull }: RepairDeps, images: readonly StoredImage[]): Promise<void> {
  let last: unknown = new Error("no image here knows where it came from");
  for (const reference of images.flatMap(({ repoDigests }) => repoDigests)) {
    try {
      await pull(reference);
      return;
    } catch (error) {
      last = error;
    }
  }
  throw last;
}

async function unpackAgain(deps: RepairDeps, images: readonly StoredImage[], diffId: string): Promise<void> {
  for (const image of images) {
    const blob = manifestOf(deps.blobs, image).manifest.layers[image.diffIds.indexOf(diffId)];
    const size = blob === undefined ? undefined : deps.blobs.sizeOf(blob.digest);
    if (blob === undefined || size === undefined) continue;
    const pending = deps.layers.begin();
    try {
      const unpacking = deps.unpacker.start(deps.blobs.path(blob.digest), pending.treePath, () => {});
      unpacking.complete(size);
      const unpacked = await unpacking.result;
      if (unpacked.diffId !== diffId) throw new Error(`layer ${diffId} does not unpack to itself`);
      await deps.layers.replace(diffId, pending);
      return;
    } catch (error) {
      await pending.abort();
      throw error;
    }
  }
  throw new Error("no archive of it is here");
}
