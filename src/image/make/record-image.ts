import { sha256Digest } from "#base/sha256.ts";
import type { Lease } from "#content/leases.ts";
import type { Descriptor } from "#spec/oci/image.ts";
import { layerMediaType, MEDIA_TYPE, type ImageFormat } from "#spec/oci/media-types.ts";
import { canonicalName, type Reference } from "#spec/oci/reference.ts";
import { referenceSuffix } from "../image-catalog.ts";
import { toPublishable, type Publishable } from "../manifest-of.ts";
import type { MadeLayer, MakerDeps } from "./types.ts";

export interface ImageParts {
  /** The image's configuration, as it is to be printed; `rootfs.diff_ids` are those of `layers`. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Bottom first: layers of another image by their descriptors, and new ones. */
  readonly layers: readonly { readonly diffId: string; readonly blob: Descriptor }[];
  /** The language of the manifest: Docker schema 2 or OCI. */
  readonly format: ImageFormat;
  /** The config's type where it is not the format's own. */
  readonly configType?: string;
  /** Names it gets; another image of such a name loses it. */
  readonly references: readonly Reference[];
  /** The image it is made of, where that is to be remembered. */
  readonly parentId?: string | undefined;
}

/** How a manifest of `format` names a layer made here. */
export function layerDescriptor(layer: MadeLayer, format: ImageFormat): Descriptor {
  const { digest, sizeBytes, compression } = layer.blob;
  return { mediaType: layerMediaType(compression, format), size: sizeBytes, digest };
}

/** The manifest and config of `parts`, printed. */
export function documentsOf(parts: ImageParts): ImageDocuments {
  const config = Buffer.from(JSON.stringify(parts.config));
  return {
    config,
    manifest: manifestFor(
      config,
      parts.layers.map(({ blob }) => blob),
      parts.format,
      parts.configType,
    ),
    diffIds: parts.layers.map(({ diffId }) => diffId),
    references: parts.references,
    parentId: parts.parentId,
  };
}

/** A manifest of `format` for a config as it is. */
export function manifestFor(
  config: Uint8Array,
  layers: readonly Descriptor[],
  format: ImageFormat,
  configType: string = format === "docker" ? MEDIA_TYPE.dockerConfig : MEDIA_TYPE.ociConfig,
): Publishable {
  return toPublishable({
    schemaVersion: 2,
    mediaType: format === "docker" ? MEDIA_TYPE.dockerManifest : MEDIA_TYPE.ociManifest,
    config: { mediaType: configType, size: config.length, digest: sha256Digest(config) },
    layers,
  });
}

export interface ImageDocuments {
  readonly config: Uint8Array;
  readonly manifest: Publishable;
  /** Bottom first, one for each of the manifest's layers. */
  readonly diffIds: readonly string[];
  readonly references: readonly Reference[];
  readonly parentId?: string | undefined;
}

/**
 * Write an image's documents and make it and its names visible in one transaction. Its layers' rows must be there.
 * Resolves to the image's id, the config's digest.
 */
export async function recordImage(
  deps: Pick<MakerDeps, "rows" | "blobs" | "bootId" | "now">,
  documents: ImageDocuments,
  lease: Lease,
): Promise<string> {
  const { config, diffIds } = documents;
  const { manifest, document } = documents.manifest;
  const id = manifest.config.digest;
  for (const [digest, bytes] of [
    [id, config],
    [document.digest, document.bytes],
  ] as const) {
    lease.hold(digest);
    await deps.blobs.put(digest, bytes, { durable: false });
  }
  deps.rows.transaction(() => {
    deps.rows.put(
      {
        id,
        manifest: { mediaType: manifest.mediaType, digest: document.digest, size: document.bytes.length },
        config,
        lastTaggedAt: undefined,
        bootId: deps.bootId,
      },
      {
        diffIds,
        blobs: [...new Set([id, document.digest, ...manifest.layers.map(({ digest }) => digest)])],
        layerBlobs: manifest.layers.map(({ digest }, index) => [diffIds[index] ?? "", digest] as const),
      },
    );
    if (documents.parentId !== undefined) deps.rows.setParent(id, documents.parentId);
    nameImage(deps, id, documents.references);
  });
  return id;
}

/** Give an image names; another image of such a name loses it. */
export function nameImage(
  deps: Pick<MakerDeps, "rows" | "now">,
  imageId: string,
  references: readonly Reference[],
): void {
  for (const reference of references) {
    const name = { name: canonicalName(reference), suffix: referenceSuffix(reference) };
    deps.rows.putReference({ ...name, imageId, indexDigest: undefined }, deps.now());
  }
}
