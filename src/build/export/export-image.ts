import { BerthError } from "#base/errors.ts";
import type { BlobStore } from "#content/blob-store.ts";
import type { ImageMaker } from "#image/make/image-maker.ts";
import { layerDescriptor } from "#image/make/record-image.ts";
import type { StoredImage } from "#image/types.ts";
import type { ImageHistory, Manifest } from "#spec/oci/image.ts";
import { isImageConfigType, MEDIA_TYPE, type ImageFormat } from "#spec/oci/media-types.ts";
import { parseManifestDocument } from "#spec/oci/parse-image.ts";
import type { Reference } from "#spec/oci/reference.ts";
import type { BuildResult } from "../graph/types.ts";
import { hashOf } from "../solver/step-key.ts";
import type { Solved } from "../solver/solve.ts";
import type { StepCache } from "../solver/types.ts";

const MAX_MANIFEST_SIZE = 4 << 20;

export interface ExportImageDeps {
  readonly maker: ImageMaker;
  readonly blobs: BlobStore;
  readonly cache: StepCache;
}

export interface ExportImageRequest {
  readonly result: BuildResult;
  /** What the result's vertices came to. */
  readonly solved: ReadonlyMap<number, Solved>;
  /** The image of `result.base`. */
  readonly base: StoredImage | undefined;
  readonly references: readonly Reference[];
  /** RFC 3339; instead of the times at which steps ran. */
  readonly epoch: string | undefined;
  /** The image it is to be known to be made of. */
  readonly parentId: string | undefined;
}

/**
 * An image of what was built, on its base image's own layers and blobs. The same steps give the same image however often
 * they are found in the cache: its times are those of the steps. Resolves to its id.
 */
export async function exportImage(deps: ExportImageDeps, request: ExportImageRequest): Promise<string> {
  const { result, solved, base, references } = request;
  const lease = deps.maker.lease();
  try {
    const below = base === undefined ? undefined : manifestOf(deps.blobs, base);
    const inherited = (below?.layers ?? []).map((blob, index) => ({ diffId: base?.diffIds[index] ?? "", blob }));
    for (const { diffId, blob } of inherited) {
      lease.hold(diffId);
      lease.hold(blob.digest);
    }
    const format: ImageFormat = below === undefined || below.mediaType === MEDIA_TYPE.dockerManifest ? "docker" : "oci";
    const root = result.root === undefined ? undefined : solved.get(result.root)?.tree;
    const built = (root?.kind === "layers" ? root.layers : []).slice(inherited.length);
    const layers = await Promise.all(
      built.map(async ({ number }) => {
        if (number === undefined) throw new BerthError("internal", "a built layer has no number");
        const layer = await deps.maker.layerFromKept(number, lease);
        return { diffId: layer.diffId, blob: layerDescriptor(layer, format) };
      }),
    );
    const config = { ...result.config };
    const parts = [...inherited, ...layers];
    const diffIds = parts.map(({ diffId }) => diffId);
    const created = request.epoch ?? madeAt(deps.cache, result, solved, diffIds);
    const document = {
      ...config,
      created,
      history: [...(base?.config.history ?? []), ...historyOf(request, created)],
      rootfs: { type: "layers", diff_ids: diffIds },
    };
    const configType =
      below !== undefined && isImageConfigType(below.config.mediaType) ? below.config.mediaType : undefined;
    return await deps.maker.image(
      {
        config: document,
        layers: parts,
        format,
        references,
        parentId: request.parentId,
        ...(configType === undefined ? {} : { configType }),
      },
      lease,
    );
  } finally {
    lease.release();
  }
}

/** When the same image was made for the first time. */
function madeAt(
  cache: StepCache,
  result: BuildResult,
  solved: ReadonlyMap<number, Solved>,
  diffIds: readonly string[],
): string {
  const steps = result.history.map(({ vertex, ...entry }) => [
    entry,
    vertex === undefined ? "" : solved.get(vertex)?.record?.id,
  ]);
  const key = hashOf("image", result.config, steps, diffIds);
  const found = cache.find(key);
  if (found !== undefined) return found.record.createdAt;
  const parents = result.root === undefined ? undefined : solved.get(result.root)?.record?.id;
  return cache.store({
    kind: "regular",
    keys: [key],
    outputKey: key,
    layer: undefined,
    sizeBytes: 0,
    description: "[internal] image",
    parents: parents === undefined ? [] : [parents],
  }).createdAt;
}

/** A setting has the time of the step before it. */
function historyOf({ result, solved, epoch }: ExportImageRequest, created: string): readonly ImageHistory[] {
  let time: string | undefined;
  return result.history.map(({ createdBy, author, comment, vertex }) => {
    const step = vertex === undefined ? undefined : solved.get(vertex);
    time = epoch ?? step?.record?.createdAt ?? time;
    return {
      created: time ?? created,
      created_by: createdBy,
      ...(author === undefined ? {} : { author }),
      ...(comment === undefined ? {} : { comment }),
      ...(step?.layer === undefined ? { empty_layer: true } : {}),
    };
  });
}

function manifestOf(blobs: BlobStore, image: StoredImage): Manifest {
  const { digest, mediaType } = image.manifest;
  const document = parseManifestDocument(blobs.read(digest, MAX_MANIFEST_SIZE), mediaType);
  if (document.kind === "manifest") return document.manifest;
  throw new BerthError("data-loss", `image ${image.id} has an index where its manifest should be`);
}
