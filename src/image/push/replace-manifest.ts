import { BerthError } from "#base/errors.ts";
import type { Lease } from "#content/leases.ts";
import type { Descriptor, ImageIndex, Manifest } from "#spec/oci/image.ts";
import { indexOf } from "../describe-manifests.ts";
import { collect, type CollectDeps } from "../manage/collect-garbage.ts";
import { toDocument, type Publishable } from "../manifest-of.ts";
import type { SourceManifest } from "../source.ts";
import type { StoredImage } from "../types.ts";

/**
 * Give an image another manifest, with other layers' blobs, from now on; indexes that name the old one name the new one
 * then, and what pointed at such an index points at the new one. The blobs that nothing needs any more go. `not-found`
 * when the image was removed meanwhile.
 */
export async function replaceManifest(
  deps: CollectDeps,
  image: StoredImage,
  change: { readonly before: Manifest; readonly next: Publishable },
  lease: Lease,
): Promise<void> {
  const { manifest, document } = change.next;
  const descriptor = { mediaType: manifest.mediaType, digest: document.digest, size: document.bytes.length };
  const indexes = deps.rows.indexesOf(image.id).flatMap((indexDigest) => {
    const after = indexNaming(deps, { ...image, indexDigest }, descriptor);
    return after === undefined ? [] : [{ before: indexDigest, after }];
  });
  for (const { digest, bytes } of [document, ...indexes.map(({ after }) => after)]) {
    lease.hold(digest);
    await deps.blobs.put(digest, bytes, { durable: false });
  }
  const blobs = deps.rows.blobsOf(image.id);
  const old = new Set([image.manifest.digest, ...change.before.layers.map(({ digest }) => digest)]);
  const kept = blobs.filter((digest) => !old.has(digest));
  let isGone = false;
  deps.rows.transaction(() => {
    isGone = deps.rows.find(image.id) === undefined;
    if (isGone) return;
    const layers = manifest.layers.map(({ digest }) => digest);
    deps.rows.replaceManifest(image.id, descriptor, [...new Set([...kept, document.digest, ...layers])]);
    for (const [index, digest] of layers.entries()) deps.rows.putLayerBlob(image.diffIds[index] ?? "", digest);
    for (const { before, after } of indexes) moveIndex(deps, before, after.digest);
  });
  await collect(deps, { diffIds: [], blobs: [...blobs, ...indexes.map(({ before }) => before)] });
  if (isGone) throw new BerthError("not-found", `No such image: ${image.id}`);
}

/** The image's index with another manifest in its place; undefined when the index does not name the image itself. */
function indexNaming(deps: CollectDeps, image: StoredImage, descriptor: Descriptor): SourceManifest | undefined {
  const index = indexOf(deps.blobs, image);
  if (index?.manifests.some(({ digest }) => digest === image.manifest.digest) !== true) return undefined;
  const document = JSON.parse(Buffer.from(index.bytes).toString()) as ImageIndex;
  const manifests = document.manifests.map((entry) =>
    entry.digest === image.manifest.digest ? { ...entry, ...descriptor } : entry,
  );
  return toDocument({ ...document, mediaType: index.descriptor.mediaType, manifests });
}

function moveIndex({ rows }: CollectDeps, before: string, after: string): void {
  for (const id of rows.variantsOf(before)) {
    rows.putVariant(after, id);
    rows.deleteVariant(before, id);
    rows.replaceBlob(id, before, after);
  }
  for (const row of rows.referencesOfIndex(before)) rows.moveReference({ ...row, indexDigest: after });
}
