import type { BlobStore } from "#content/blob-store.ts";
import type { ImageConfig } from "#spec/oci/image.ts";
import { isImageConfigType } from "#spec/oci/media-types.ts";
import { parseReference } from "#spec/oci/reference.ts";
import type { ImageMaker } from "../make/image-maker.ts";
import { layerDescriptor } from "../make/record-image.ts";
import { formatOf, manifestOf } from "../manifest-of.ts";
import type { MadeLayer } from "../make/types.ts";
import type { CommitRequest, StoredImage } from "../types.ts";

export interface CommitDeps {
  readonly blobs: BlobStore;
  readonly maker: ImageMaker;
}

/**
 * A new image: `parent` with one layer more and another config. The layer is there for snapshots as soon as the image
 * is. Until one transaction makes image and name visible a lease keeps the parts, also the parent's. The documents speak
 * the parent's language, Docker schema 2 or OCI. Resolves to the image's id.
 */
export async function commitImage(deps: CommitDeps, parent: StoredImage, request: CommitRequest): Promise<string> {
  const references = request.reference === undefined ? [] : [parseReference(request.reference)];
  const below = manifestOf(deps.blobs, parent).manifest;
  const lease = deps.maker.lease();
  try {
    for (const key of [...parent.diffIds, ...below.layers.map(({ digest }) => digest)]) lease.hold(key);
    const layer = await deps.maker.layerFromUpper(request.upperDir, lease);
    const format = formatOf(below);
    const kept = below.layers.map((blob, index) => ({ diffId: parent.diffIds[index] ?? "", blob }));
    const top = layer === undefined ? [] : [{ diffId: layer.diffId, blob: layerDescriptor(layer, format) }];
    const parts = {
      config: configOf(parent.config, request, layer),
      layers: [...kept, ...top],
      format,
      ...(isImageConfigType(below.config.mediaType) ? { configType: below.config.mediaType } : {}),
      references,
      parentId: parent.id,
    };
    return await deps.maker.image(parts, lease);
  } finally {
    lease.release();
  }
}

function configOf(
  parent: ImageConfig,
  request: CommitRequest,
  layer: MadeLayer | undefined,
): Readonly<Record<string, unknown>> {
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
