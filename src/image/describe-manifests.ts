import type { BlobStore } from "#content/blob-store.ts";
import type { Descriptor, Manifest } from "#spec/oci/image.ts";
import { attestedBy } from "#spec/oci/attestation.ts";
import { isIndexType } from "#spec/oci/media-types.ts";
import { parseManifestDocument } from "#spec/oci/parse-image.ts";
import { manifestOf } from "./manifest-of.ts";
import type { ImageManifestInfo, StoredImage } from "./types.ts";

const MAX_MANIFEST_SIZE = 4 << 20;

/** See {@link import("./types.ts").ImageService.manifests}. */
export function describeManifests(
  blobs: BlobStore,
  image: StoredImage,
): { readonly target: Descriptor; readonly manifests: readonly ImageManifestInfo[] } {
  const index = indexOf(blobs, image);
  if (index === undefined) {
    const contentBytes = contentOf(image.manifest, manifestOf(blobs, image).manifest);
    const own = {
      kind: image.artifactType === undefined ? "image" : "unknown",
      descriptor: image.manifest,
      isHere: true,
      image,
      contentBytes,
      of: undefined,
    } as const;
    return { target: image.manifest, manifests: [own] };
  }
  return {
    target: index.descriptor,
    manifests: index.manifests.map((descriptor) => describe(blobs, image, descriptor)),
  };
}

/** The index that an image's names mean, and what it names. Undefined for an image that came alone. */
export function indexOf(
  blobs: BlobStore,
  image: StoredImage,
):
  | { readonly descriptor: Descriptor; readonly bytes: Uint8Array; readonly manifests: readonly Descriptor[] }
  | undefined {
  const { indexDigest: digest } = image;
  if (digest === undefined || !blobs.has(digest)) return undefined;
  const bytes = blobs.read(digest, MAX_MANIFEST_SIZE);
  const parsed = parseManifestDocument(bytes, "");
  if (parsed.kind !== "index") return undefined;
  const { mediaType, manifests } = parsed.index;
  return { descriptor: { mediaType, digest, size: bytes.length }, bytes, manifests };
}

/** A manifest that is no image, such as an attestation, where it is here with all that it names. */
export function attachedManifest(
  blobs: BlobStore,
  descriptor: Descriptor,
): { readonly manifest: Manifest; readonly bytes: Uint8Array } | undefined {
  if (isIndexType(descriptor.mediaType) || !blobs.has(descriptor.digest)) return undefined;
  const bytes = blobs.read(descriptor.digest, MAX_MANIFEST_SIZE);
  const parsed = parseManifestDocument(bytes, descriptor.mediaType);
  if (parsed.kind !== "manifest") return undefined;
  const { config, layers } = parsed.manifest;
  return [config, ...layers].every(({ digest }) => blobs.has(digest))
    ? { manifest: parsed.manifest, bytes }
    : undefined;
}

function describe(blobs: BlobStore, image: StoredImage, descriptor: Descriptor): ImageManifestInfo {
  const of = attestedBy(descriptor);
  if (of !== undefined) {
    const found = attachedManifest(blobs, descriptor);
    const contentBytes = found === undefined ? 0 : contentOf(descriptor, found.manifest);
    return { kind: "attestation", descriptor, isHere: found !== undefined, image: undefined, contentBytes, of };
  }
  const variant = [image, ...image.variants].find(({ manifest }) => manifest.digest === descriptor.digest);
  const isImage = variant === undefined ? descriptor.platform !== undefined : variant.artifactType === undefined;
  return {
    kind: isImage ? "image" : "unknown",
    descriptor,
    isHere: variant !== undefined,
    image: variant,
    contentBytes: variant === undefined ? 0 : contentOf(descriptor, manifestOf(blobs, variant).manifest),
    of: undefined,
  };
}

function contentOf({ size }: Descriptor, { config, layers }: Manifest): number {
  return [config, ...layers].reduce((sum, part) => sum + part.size, size);
}
