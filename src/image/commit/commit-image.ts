import { createHash } from "node:crypto";
import { BerthError } from "#base/errors.ts";
import type { BlobStore } from "#content/blob-store.ts";
import type { Leases } from "#content/leases.ts";
import type { Helpers } from "#host/helper-pool.ts";
import type { LayerDirectories } from "#snapshot/layer-directories.ts";
import type { Descriptor, ImageConfig, Manifest } from "#spec/oci/image.ts";
import { isImageConfigType, MEDIA_TYPE } from "#spec/oci/media-types.ts";
import { parseManifestDocument } from "#spec/oci/parse-image.ts";
import { canonicalName, parseReference } from "#spec/oci/reference.ts";
import { referenceSuffix, type ImageRows } from "../image-catalog.ts";
import type { CommitRequest, StoredImage } from "../types.ts";
import { COMMIT_TASK, toCommitted, type CommittedLayer } from "./commit-task.ts";

const MAX_MANIFEST_SIZE = 4 << 20;

export interface CommitDeps {
  readonly rows: ImageRows;
  readonly blobs: BlobStore;
  readonly leases: Leases;
  readonly layers: LayerDirectories;
  readonly helpers: Helpers;
  readonly bootId: string;
  /** RFC 3339. */
  readonly now: () => string;
}

/**
 * A new image: `parent` with one layer more and another config. The layer is there for snapshots as soon as the image
 * is. Until one transaction makes image and name visible a lease keeps the parts, also the parent's. The documents speak
 * the parent's language, Docker schema 2 or OCI. Resolves to the image's id.
 */
export async function commitImage(deps: CommitDeps, parent: StoredImage, request: CommitRequest): Promise<string> {
  const reference = request.reference === undefined ? undefined : parseReference(request.reference);
  const below = manifestOf(deps.blobs, parent);
  const lease = deps.leases.acquire();
  try {
    for (const key of [...parent.diffIds, ...below.layers.map(({ digest }) => digest)]) lease.hold(key);
    const layer = await makeLayer(deps, request.upperDir, (key) => lease.hold(key));
    const config = Buffer.from(JSON.stringify(configOf(parent.config, request, layer)));
    const manifest = manifestFor(below, config, layer);
    const bytes = Buffer.from(JSON.stringify(manifest));
    const id = manifest.config.digest;
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
          diffIds: layer === undefined ? parent.diffIds : [...parent.diffIds, layer.diffId],
          blobs: [...new Set([id, descriptor.digest, ...manifest.layers.map(({ digest }) => digest)])],
        },
      );
      if (reference !== undefined) {
        const name = { name: canonicalName(reference), suffix: referenceSuffix(reference), imageId: id };
        deps.rows.putReference(name, deps.now());
      }
    });
    return id;
  } finally {
    lease.release();
  }
}

function manifestOf(blobs: BlobStore, image: StoredImage): Manifest {
  const { digest, mediaType } = image.manifest;
  const document = parseManifestDocument(blobs.read(digest, MAX_MANIFEST_SIZE), mediaType);
  if (document.kind === "manifest") return document.manifest;
  throw new BerthError("data-loss", `image ${image.id} has an index where its manifest should be`);
}

/** Undefined when nothing was changed. */
async function makeLayer(
  deps: CommitDeps,
  upperDir: string,
  hold: (key: string) => void,
): Promise<CommittedLayer | undefined> {
  const pending = deps.layers.begin();
  const blobPath = deps.blobs.temporaryPath();
  try {
    const input = { upperDir, treePath: pending.treePath, blobPath };
    const layer = toCommitted(await deps.helpers.start(COMMIT_TASK, input, () => {}).result);
    if (layer.members === 0) {
      await pending.abort();
      return undefined;
    }
    hold(layer.diffId);
    deps.blobs.adopt(blobPath, layer.diffId);
    await pending.commit(layer.diffId, layer.sizeBytes);
    return layer;
  } catch (error) {
    deps.blobs.discard(blobPath);
    await pending.abort();
    throw error;
  }
}

function configOf(parent: ImageConfig, request: CommitRequest, layer: CommittedLayer | undefined): object {
  const { author, comment, createdBy, created, config } = request;
  const step = {
    created,
    created_by: createdBy,
    ...(author === "" ? {} : { author }),
    ...(comment === "" ? {} : { comment }),
    ...(layer === undefined ? { empty_layer: true } : {}),
  };
  const diffIds = parent.rootfs.diff_ids;
  return {
    architecture: parent.architecture,
    ...(author === "" ? {} : { author }),
    ...(comment === "" ? {} : { comment }),
    config,
    created,
    history: [...(parent.history ?? []), step],
    os: parent.os,
    ...(parent["os.version"] === undefined ? {} : { "os.version": parent["os.version"] }),
    ...(parent["os.features"] === undefined ? {} : { "os.features": parent["os.features"] }),
    rootfs: { type: "layers", diff_ids: layer === undefined ? diffIds : [...diffIds, layer.diffId] },
    ...(parent.variant === undefined ? {} : { variant: parent.variant }),
  };
}

function manifestFor(below: Manifest, config: Uint8Array, layer: CommittedLayer | undefined): Manifest {
  const isDocker = below.mediaType === MEDIA_TYPE.dockerManifest;
  const configType = isDocker ? MEDIA_TYPE.dockerConfig : MEDIA_TYPE.ociConfig;
  const top: Descriptor[] =
    layer === undefined
      ? []
      : [
          {
            mediaType: isDocker ? MEDIA_TYPE.dockerLayer : MEDIA_TYPE.ociLayer,
            size: layer.blobBytes,
            digest: layer.diffId,
          },
        ];
  return {
    schemaVersion: 2,
    mediaType: below.mediaType,
    config: {
      mediaType: isImageConfigType(below.config.mediaType) ? below.config.mediaType : configType,
      size: config.length,
      digest: digestOf(config),
    },
    layers: [...below.layers, ...top],
  };
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
