import { messageOf } from "#base/errors.ts";
import type { BlobStore } from "#content/blob-store.ts";
import { exists } from "#host/files/files.ts";
import type { LayerDirectories } from "#snapshot/layer-directories.ts";
import { completeManifest } from "../manifest-of.ts";
import type { ImageCatalog, ImageRows } from "../image-catalog.ts";
import type { StoreCheck, StoreProblem } from "../types.ts";

/**
 * Compare what the rows say with what lies on the disk: every blob of every image is read and hashed, every layer must
 * have its tree. Finds only; see {@link import("./repair-store.ts").repairStore}.
 */
export async function checkStore(deps: {
  readonly rows: ImageRows;
  readonly catalog: ImageCatalog;
  readonly blobs: BlobStore;
  readonly layers: LayerDirectories;
}): Promise<StoreCheck> {
  const problems: StoreProblem[] = [];
  const layers = deps.layers.all();
  for (const { diffId } of layers) {
    const found = deps.layers.find(diffId);
    if (diffId === undefined || found === undefined || exists(found.path)) continue;
    problems.push({
      kind: "layer",
      subject: diffId,
      message: "its files are gone",
      imageIds: usersOf(deps.rows, diffId),
    });
  }
  const verdicts = new Map<string, string | undefined>();
  const images = deps.catalog.all();
  for (const image of images) {
    for (const digest of deps.rows.blobsOf(image.id)) {
      if (!deps.blobs.has(digest)) continue;
      if (!verdicts.has(digest)) verdicts.set(digest, await deps.blobs.verify(digest).then(() => undefined, messageOf));
    }
    try {
      completeManifest(deps, image);
    } catch (error) {
      problems.push({ kind: "image", subject: image.id, message: messageOf(error), imageIds: [image.id] });
    }
  }
  for (const [digest, message] of verdicts) {
    if (message === undefined) continue;
    const imageIds = images.filter(({ id }) => deps.rows.blobsOf(id).includes(digest)).map(({ id }) => id);
    problems.push({ kind: "blob", subject: digest, message, imageIds });
  }
  return { images: images.length, blobs: verdicts.size, layers: layers.length, problems };
}

function usersOf(rows: ImageRows, diffId: string): readonly string[] {
  return rows
    .all()
    .filter(({ id }) => rows.layersOf(id).includes(diffId))
    .map(({ id }) => id);
}
