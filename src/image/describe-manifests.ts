import type { BlobStore } from "#content/blob-store.ts";
import type { Descriptor } from "#spec/oci/image.ts";
import { parseManifestDocument } from "#spec/oci/parse-image.ts";
import type { ImageManifestInfo, StoredImage } from "./types.ts";
import { manifestOf } from "./manifest-of.ts";

const MAX_MANIFEST_SIZE = 4 << 20;
/** BuildKit's mark of what is no image but speaks about one. */
const REFERENCE_TYPE = "vnd.docker.reference.type";
const REFERENCE_DIGEST = "vnd.docker.reference.digest";

/**
 * The manifests behind an image: those of the index it was pulled from, where it was one, of which one is here; else its
 * own alone.
 */
export function describeManifests(blobs: BlobStore, image: StoredImage): readonly ImageManifestInfo[] {
  const { manifest } = manifestOf(blobs, image);
  const contentBytes =
    image.manifest.size + [manifest.config, ...manifest.layers].reduce((sum, { size }) => sum + size, 0);
  const listed = indexEntries(blobs, image);
  if (!listed.some(({ digest }) => digest === image.manifest.digest)) {
    return [{ kind: "image", descriptor: image.manifest, isHere: true, contentBytes, of: undefined }];
  }
  return listed.map((descriptor): ImageManifestInfo => {
    const isHere = descriptor.digest === image.manifest.digest;
    const type = descriptor.annotations?.[REFERENCE_TYPE];
    return {
      kind: type === "attestation-manifest" ? "attestation" : descriptor.platform === undefined ? "unknown" : "image",
      descriptor,
      isHere,
      contentBytes: isHere ? contentBytes : 0,
      of: descriptor.annotations?.[REFERENCE_DIGEST],
    };
  });
}

/** Of the first index among the digests under which the image is known. */
function indexEntries(blobs: BlobStore, image: StoredImage): readonly Descriptor[] {
  const digests = image.repoDigests.map((name) => name.slice(name.indexOf("@") + 1));
  for (const digest of new Set(digests)) {
    if (digest === image.manifest.digest || !blobs.has(digest)) continue;
    const parsed = parseManifestDocument(blobs.read(digest, MAX_MANIFEST_SIZE), "");
    if (parsed.kind === "index") return parsed.index.manifests;
  }
  return [];
}
