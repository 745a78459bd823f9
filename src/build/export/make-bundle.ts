import { sha256Digest } from "#base/sha256.ts";
import type { BlobStore } from "#content/blob-store.ts";
import type { Lease } from "#content/leases.ts";
import type { Publishable } from "#image/manifest-of.ts";
import type { Descriptor } from "#spec/oci/image.ts";
import { MEDIA_TYPE } from "#spec/oci/media-types.ts";
import { formatPlatform } from "#spec/oci/platform.ts";
import { annotationsAt } from "./annotations.ts";
import { isOci, keep } from "./print-image.ts";
import type { Annotation, Bundle, PrintedImage } from "./types.ts";

/** A manifest that says something about an image beside it. */
export interface AttachedManifest {
  readonly published: Publishable;
  /** Digest of the image's manifest. */
  readonly of: string;
}

/**
 * What of some images goes out as one: an index of them when there are several or something is attached to one, else the
 * image's own manifest. The index is put into the store and held by the lease.
 */
export async function makeBundle(
  blobs: BlobStore,
  images: readonly PrintedImage[],
  options: {
    readonly attached: readonly AttachedManifest[];
    readonly annotations: readonly Annotation[];
    /** Several platforms were asked for: an index even when it is one. */
    readonly asIndex: boolean;
    readonly lease: Lease;
  },
): Promise<Bundle> {
  const { attached, annotations, lease } = options;
  const manifests = [...images.map(({ published }) => published), ...attached.map(({ published }) => published)];
  const entries = [
    ...images.map((image) => imageEntry(image, annotations)),
    ...attached.map(({ published, of }) => attachedEntry(published, of)),
  ];
  const [only] = images;
  if (only !== undefined && entries.length === 1 && !options.asIndex) {
    const [descriptor] = entries;
    if (descriptor === undefined) throw new RangeError("a bundle needs an image");
    return { root: only.published.document, descriptor, images, manifests };
  }
  const mediaType = images.every(({ published }) => isOci(published.manifest.mediaType))
    ? MEDIA_TYPE.ociIndex
    : MEDIA_TYPE.dockerManifestList;
  const own = annotationsAt(annotations, "index", undefined);
  const index = {
    schemaVersion: 2,
    mediaType,
    manifests: entries,
    ...(Object.keys(own).length === 0 ? {} : { annotations: own }),
  };
  const bytes = Buffer.from(JSON.stringify(index, undefined, 2));
  const digest = sha256Digest(bytes);
  await keep(blobs, lease, digest, bytes);
  const described = annotationsAt(annotations, "index-descriptor", undefined);
  return {
    root: { mediaType, digest, bytes },
    descriptor: {
      mediaType,
      digest,
      size: bytes.length,
      ...(Object.keys(described).length === 0 ? {} : { annotations: described }),
    },
    images,
    manifests,
  };
}

function imageEntry({ published, platform }: PrintedImage, all: readonly Annotation[]): Descriptor {
  const { mediaType, digest, bytes } = published.document;
  const annotations = annotationsAt(all, "manifest-descriptor", platform);
  const { os, architecture, variant } = platform;
  return {
    mediaType,
    digest,
    size: bytes.length,
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    platform: { architecture, os, ...(variant === undefined ? {} : { variant }) },
  };
}

/** BuildKit's marks, by which registries and tools tell attestations from images. */
function attachedEntry({ document }: Publishable, of: string): Descriptor {
  return {
    mediaType: document.mediaType,
    digest: document.digest,
    size: document.bytes.length,
    annotations: { "vnd.docker.reference.digest": of, "vnd.docker.reference.type": "attestation-manifest" },
    platform: { architecture: "unknown", os: "unknown" },
  };
}

/** `linux_amd64`: how a platform is written where it names a folder. */
export function platformFolder(image: Pick<PrintedImage, "platform">): string {
  return formatPlatform(image.platform).replaceAll("/", "_");
}
