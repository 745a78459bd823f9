import { BerthError } from "#base/errors.ts";
import type { Lease } from "#content/leases.ts";
import type { ImageMaker } from "#image/make/image-maker.ts";
import { layerDescriptor } from "#image/make/record-image.ts";
import { formatOf } from "#image/manifest-of.ts";
import type { StoredImage } from "#image/types.ts";
import type { ImageHistory } from "#spec/oci/image.ts";
import { isImageConfigType, type ImageFormat } from "#spec/oci/media-types.ts";
import type { BuildResult } from "../graph/types.ts";
import { hashOf } from "../solver/step-key.ts";
import type { Solved } from "../solver/solve.ts";
import type { StepCache } from "../solver/types.ts";
import type { DraftLayer, ImageDraft } from "./types.ts";

export interface DraftRequest {
  readonly result: BuildResult;
  /** What the result's vertices came to. */
  readonly solved: ReadonlyMap<number, Solved>;
  /** The image of `result.base`. */
  readonly base: StoredImage | undefined;
  /** RFC 3339; instead of the times at which steps ran. */
  readonly epoch: string | undefined;
  /** The image it is to be known to be made of. */
  readonly parentId: string | undefined;
}

/**
 * An image of what was built, on its base image's own layers and blobs. The same steps give the same image however often
 * they are found in the cache: its times are those of the steps. What it names is held by the lease.
 */
export async function draftImage(
  deps: { readonly maker: ImageMaker; readonly cache: StepCache },
  request: DraftRequest,
  lease: Lease,
): Promise<ImageDraft> {
  const { result, solved, base, epoch } = request;
  const below = base === undefined ? undefined : deps.maker.manifestOf(base).manifest;
  const inherited = (below?.layers ?? []).map((blob, index): DraftLayer => {
    const diffId = base?.diffIds[index] ?? "";
    lease.hold(diffId);
    lease.hold(blob.digest);
    return { kind: "base", diffId, blob };
  });
  const format: ImageFormat = below === undefined ? "docker" : formatOf(below);
  const root = result.root === undefined ? undefined : solved.get(result.root)?.tree;
  const built = (root?.kind === "layers" ? root.layers : []).slice(inherited.length);
  const layers = await Promise.all(
    built.map(async ({ number }): Promise<DraftLayer> => {
      if (number === undefined) throw new BerthError("internal", "a built layer has no number");
      const layer = await deps.maker.layerFromKept(number, lease);
      return { kind: "built", number, diffId: layer.diffId, blob: layerDescriptor(layer, format) };
    }),
  );
  const all = [...inherited, ...layers];
  const created =
    epoch ??
    madeAt(
      deps.cache,
      request,
      all.map(({ diffId }) => diffId),
    );
  return {
    platform: result.platform,
    config: result.config,
    layers: all,
    history: [...(base?.config.history ?? []), ...historyOf(request, created)],
    created,
    format,
    parentId: request.parentId,
    configType: below !== undefined && isImageConfigType(below.config.mediaType) ? below.config.mediaType : undefined,
  };
}

/** When the same image was made for the first time. */
function madeAt(cache: StepCache, { result, solved }: DraftRequest, diffIds: readonly string[]): string {
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
function historyOf({ result, solved, epoch }: DraftRequest, created: string): readonly ImageHistory[] {
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
