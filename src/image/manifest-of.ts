import { BerthError } from "#base/errors.ts";
import { sha256Digest } from "#base/sha256.ts";
import type { BlobStore } from "#content/blob-store.ts";
import type { Descriptor, ImageIndex, Manifest } from "#spec/oci/image.ts";
import { layerMediaType, MEDIA_TYPE, type ImageFormat } from "#spec/oci/media-types.ts";
import { parseManifestDocument } from "#spec/oci/parse-image.ts";
import type { ImageRows } from "./image-catalog.ts";
import type { SourceManifest } from "./source.ts";
import type { StoredImage } from "./types.ts";
import { sniffCompression, SNIFF_LENGTH } from "./unpack/decompress.ts";

const MAX_MANIFEST_SIZE = 4 << 20;

/** An image as it goes to others: a manifest whose parts are all here. */
export interface Publishable {
  readonly manifest: Manifest;
  readonly document: SourceManifest;
}

/** The manifest an image came with or was made with. */
export function manifestOf(blobs: BlobStore, image: StoredImage): Publishable {
  const { digest, mediaType } = image.manifest;
  const bytes = blobs.read(digest, MAX_MANIFEST_SIZE);
  const parsed = parseManifestDocument(bytes, mediaType);
  if (parsed.kind !== "manifest") throw new BerthError("data-loss", `image ${image.id} has an index for its manifest`);
  return { manifest: parsed.manifest, document: { mediaType: parsed.manifest.mediaType, digest, bytes } };
}

/**
 * {@link manifestOf}, but every layer is one that is here: another image may have brought a layer as another blob, which
 * then stands in. `data-loss` when there is none.
 */
export function completeManifest(
  deps: { readonly rows: Pick<ImageRows, "blobsOfLayer">; readonly blobs: BlobStore },
  image: StoredImage,
): Publishable {
  const own = manifestOf(deps.blobs, image);
  if (image.artifactType !== undefined) {
    const lost = [own.manifest.config, ...own.manifest.layers].find(({ digest }) => !deps.blobs.has(digest));
    if (lost === undefined) return own;
    throw new BerthError("data-loss", `blob ${lost.digest} of the artifact is not here any more: pull it again`);
  }
  const layers = own.manifest.layers.map((layer, index) => {
    if (deps.blobs.has(layer.digest) || isForeign(layer)) return layer;
    return substitute(deps, image.diffIds[index] ?? "", formatOf(own.manifest));
  });
  return layers.every((layer, index) => layer === own.manifest.layers[index])
    ? own
    : toPublishable({ ...own.manifest, layers });
}

export function toPublishable(manifest: Manifest): Publishable {
  return { manifest, document: toDocument(manifest) };
}

/** A manifest or index, printed. */
export function toDocument(value: Manifest | ImageIndex): SourceManifest {
  const bytes = Buffer.from(JSON.stringify(value));
  const digest = sha256Digest(bytes);
  return { mediaType: value.mediaType, digest, bytes };
}

export function formatOf(manifest: Manifest): ImageFormat {
  return manifest.mediaType === MEDIA_TYPE.dockerManifest ? "docker" : "oci";
}

/** A layer that its maker lets nobody hand on; registries are told its addresses instead. */
export function isForeign({ urls }: Descriptor): boolean {
  return urls !== undefined && urls.length > 0;
}

function substitute(
  deps: { readonly rows: Pick<ImageRows, "blobsOfLayer">; readonly blobs: BlobStore },
  diffId: string,
  format: ImageFormat,
): Descriptor {
  for (const digest of deps.rows.blobsOfLayer(diffId)) {
    const size = deps.blobs.sizeOf(digest);
    if (size === undefined) continue;
    const compression = sniffCompression(deps.blobs.head(digest, SNIFF_LENGTH));
    return { mediaType: layerMediaType(compression, format), size, digest };
  }
  throw new BerthError("data-loss", `the archive of layer ${diffId} is not here any more: pull the image again`);
}
