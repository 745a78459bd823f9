import { BerthError } from "#base/errors.ts";
import type { Lease } from "#content/leases.ts";
import type { ImageMaker } from "#image/make/image-maker.ts";
import { layerDescriptor } from "#image/make/record-image.ts";
import { formatOf } from "#image/manifest-of.ts";
import type { StoredImage } from "#image/types.ts";
import type { ImageHistory } from "#spec/oci/image.ts";
import { isImageConfigType, type ImageFormat } from "#spec/oci/media-types.ts";
import type { BuildRecord } from "#state/build-store.ts";
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
  const diffIds = all.map(({ diffId }) => diffId);
  const made = epoch === undefined ? await recordOf(deps.cache, request, diffIds) : undefined;
  const created = epoch ?? made?.createdAt ?? "";
  const records = [made, ...[...solved.values()].map(({ record }) => record)];
  return {
    platform: result.platform,
    config: result.config,
    layers: all,
    history: [...(base?.config.history ?? []), ...historyOf(request, created)],
    stepCount: result.history.length,
    created,
    format,
    parentId: request.parentId,
    recordIds: new Set(records.flatMap((record) => (record === undefined ? [] : [record.id]))),
    configType: below !== undefined && isImageConfigType(below.config.mediaType) ? below.config.mediaType : undefined,
  };
}

/** Tells when the same image was made for the first time. */
async function recordOf(
  cache: StepCache,
  { result, solved }: DraftRequest,
  diffIds: readonly string[],
): Promise<BuildRecord> {
  const steps = result.history.map(({ vertex, ...entry }) => [
    entry,
    vertex === undefined ? "" : solved.get(vertex)?.record?.createdAt,
  ]);
  const key = hashOf("image", result.config, steps, diffIds);
  const found = await cache.find(key);
  if (found !== undefined) return found.record;
  const parents = result.root === undefined ? undefined : solved.get(result.root)?.record?.id;
  return cache.storeOnce({
    kind: "regular",
    keys: [key],
    outputKey: key,
    layer: undefined,
    sizeBytes: 0,
    description: "[internal] image",
    parents: parents === undefined ? [] : [parents],
  });
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
