import { createHash } from "node:crypto";
import type { Lease } from "#content/leases.ts";
import type { Descriptor, Manifest } from "#spec/oci/image.ts";
import { layerMediaType, MEDIA_TYPE } from "#spec/oci/media-types.ts";
import { canonicalName, type Reference } from "#spec/oci/reference.ts";
import { referenceSuffix } from "../image-catalog.ts";
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
}

export type ImageFormat = "docker" | "oci";

/** How a manifest of `format` names a layer made here. */
export function layerDescriptor(layer: MadeLayer, format: ImageFormat): Descriptor {
  const { digest, sizeBytes, compression } = layer.blob;
  return { mediaType: layerMediaType(compression, format), size: sizeBytes, digest };
}

/**
 * Write an image's documents and make it and its names visible in one transaction. Its layers' rows must be there. A
 * layer may lack its blob where the tree is all there is. Resolves to the image's id, the config's digest.
 */
export async function recordImage(
  deps: Pick<MakerDeps, "rows" | "blobs" | "bootId" | "now">,
  parts: ImageParts,
  lease: Lease,
): Promise<string> {
  const config = Buffer.from(JSON.stringify(parts.config));
  const isDocker = parts.format === "docker";
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: isDocker ? MEDIA_TYPE.dockerManifest : MEDIA_TYPE.ociManifest,
    config: {
      mediaType: parts.configType ?? (isDocker ? MEDIA_TYPE.dockerConfig : MEDIA_TYPE.ociConfig),
      size: config.length,
      digest: digestOf(config),
    },
    layers: parts.layers.map(({ blob }) => blob),
  };
  const id = manifest.config.digest;
  const bytes = Buffer.from(JSON.stringify(manifest));
  const descriptor: Descriptor = { mediaType: manifest.mediaType, digest: digestOf(bytes), size: bytes.length };
  for (const [digest, document] of [
    [id, config],
    [descriptor.digest, bytes],
  ] as const) {
    lease.hold(digest);
    await deps.blobs.put(digest, document, { durable: false });
  }
  deps.rows.transaction(() => {
    deps.rows.put(
      { id, manifest: descriptor, config, lastTaggedAt: undefined, bootId: deps.bootId },
      {
        diffIds: parts.layers.map(({ diffId }) => diffId),
        blobs: [...new Set([id, descriptor.digest, ...manifest.layers.map(({ digest }) => digest)])],
        layerBlobs: parts.layers.map(({ diffId, blob }) => [diffId, blob.digest] as const),
      },
    );
    for (const reference of parts.references) {
      const name = { name: canonicalName(reference), suffix: referenceSuffix(reference), imageId: id };
      deps.rows.putReference(name, deps.now());
    }
  });
  return id;
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
