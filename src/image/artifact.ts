import { BerthError } from "#base/errors.ts";
import type { BlobStore } from "#content/blob-store.ts";
import type { Lease } from "#content/leases.ts";
import type { Manifest } from "#spec/oci/image.ts";
import { layerCompression } from "#spec/oci/media-types.ts";
import { isImageManifest } from "#spec/oci/parse-image.ts";
import type { ImageRows } from "./image-catalog.ts";
import type { SourceManifest } from "./source.ts";
import type { StoredImage } from "./types.ts";

const CREATED = "org.opencontainers.image.created";

/**
 * What a manifest is about when it is no image (OCI image-spec `manifest.md`, "Guidelines for Artifact Usage"): its
 * `artifactType`, else its config's type. Undefined for images; signatures have an image's config and none of its layers.
 */
export function artifactTypeOf(manifest: Manifest): string | undefined {
  const { artifactType, config, layers } = manifest;
  const holdsFiles = layers.length === 0 || layers.some(({ mediaType }) => layerCompression(mediaType) !== undefined);
  if (isImageManifest(manifest)) return holdsFiles ? undefined : (artifactType ?? layers[0]?.mediaType);
  return artifactType ?? config.mediaType;
}

/**
 * Make an artifact visible whose parts are here, all held by a lease. It is kept beside images, with its manifest's digest
 * for an id, no layers, and its parts as they came. `name` gives it its names at the same moment. Resolves to the id.
 */
export async function recordArtifact(
  deps: { readonly rows: ImageRows; readonly blobs: BlobStore; readonly bootId: string },
  {
    manifest,
    document,
    type,
  }: { readonly manifest: Manifest; readonly document: SourceManifest; readonly type: string },
  lease: Lease,
  name: (id: string) => void,
): Promise<string> {
  const { digest, bytes } = document;
  lease.hold(digest);
  await deps.blobs.put(digest, bytes, { durable: false });
  const row = {
    id: digest,
    manifest: { mediaType: manifest.mediaType, digest, size: bytes.length, artifactType: type },
    config: configInPlace(manifest),
    lastTaggedAt: undefined,
    bootId: deps.bootId,
  };
  const blobs = new Set([digest, manifest.config.digest, ...manifest.layers.map((layer) => layer.digest)]);
  deps.rows.transaction(() => {
    deps.rows.put(row, { diffIds: [], blobs: [...blobs], layerBlobs: [] });
    name(digest);
  });
  return digest;
}

/** What stands where an image has its config. An artifact is for no platform, as attestations are for `unknown/unknown`. */
function configInPlace({ annotations }: Manifest): Uint8Array {
  const created = annotations?.[CREATED] ?? "";
  const config = {
    ...(Number.isNaN(Date.parse(created)) ? {} : { created }),
    architecture: "unknown",
    os: "unknown",
    rootfs: { type: "layers", diff_ids: [] },
  };
  return Buffer.from(JSON.stringify(config));
}

/** `invalid-parameter` for what has no files that a container could run from. */
export function refuseArtifact(image: Pick<StoredImage, "artifactType">, name: string): void {
  if (image.artifactType === undefined) return;
  throw new BerthError("invalid-parameter", `${name} is an artifact of type ${image.artifactType} and no image`);
}
