import { BerthError } from "#base/errors.ts";
import type { Lease } from "#content/leases.ts";
import type { Helpers } from "#host/helpers/helper-pool.ts";
import type { Json } from "#host/helpers/helper-protocol.ts";
import type { ImageMaker } from "#image/make/image-maker.ts";
import { layerDescriptor } from "#image/make/record-image.ts";
import type { LayerDirectories } from "#snapshot/layer-directories.ts";
import { hashOf } from "../solver/step-key.ts";
import type { StepCache } from "../solver/types.ts";
import { SQUASH_TASK, type SquashInput } from "./squash-task.ts";
import type { DraftLayer, ImageDraft } from "./types.ts";

export interface SquashDeps {
  readonly maker: ImageMaker;
  readonly helpers: Helpers;
  readonly layers: LayerDirectories;
}

/**
 * `--squash`: the layers that a build made as one on those of its base image; the same layers are merged once. The steps
 * stay in the history, docker-compat: without layers of their own, and behind them one that has it.
 */
export async function squash(
  deps: SquashDeps,
  draft: ImageDraft,
  { cache, lease }: { readonly cache: StepCache; readonly lease: Lease },
): Promise<ImageDraft> {
  const base = draft.layers.filter(({ kind }) => kind === "base");
  const built = draft.layers.filter((layer) => layer.kind === "built");
  if (built.length < 2) return draft;
  const diffIds = draft.layers.map(({ diffId }) => diffId);
  const key = hashOf("squash", base.length, diffIds);
  const found = await cache.find(key);
  const number = found?.record.layer ?? (await merge(deps, base, built, { cache, key }));
  const made = await deps.maker.layerFromKept(number, lease);
  const layer: DraftLayer = {
    kind: "built",
    number,
    diffId: made.diffId,
    blob: layerDescriptor(made, draft.format),
  };
  const steps = draft.history.length - draft.stepCount;
  const history = draft.history.map((entry, index) => (index < steps ? entry : { ...entry, empty_layer: true }));
  const comment = `merge of ${built.length} layers`;
  return { ...draft, layers: [...base, layer], history: [...history, { created: draft.created, comment }] };
}

async function merge(
  { helpers, layers }: SquashDeps,
  base: readonly DraftLayer[],
  built: readonly (DraftLayer & { readonly kind: "built" })[],
  { cache, key }: { readonly cache: StepCache; readonly key: string },
): Promise<number> {
  const pathOf = ({ diffId }: DraftLayer): string => {
    const layer = layers.find(diffId);
    if (layer === undefined) throw new BerthError("not-found", `layer ${diffId} does not exist`);
    return layer.path;
  };
  const pending = layers.begin();
  try {
    const input: SquashInput = {
      below: [...new Set(base.map(pathOf))].toReversed(),
      layers: built.map(({ number }) => layers.findNumber(number)?.path ?? ""),
      treePath: pending.treePath,
    };
    const result = await helpers.start(SQUASH_TASK, input as unknown as Json, () => {}).result;
    const { sizeBytes } = result as { readonly sizeBytes: number };
    const kept = await pending.keep(sizeBytes);
    const description = "[internal] squashed layers";
    cache.store({
      kind: "regular",
      keys: [key],
      outputKey: key,
      layer: kept.number,
      sizeBytes,
      description,
      parents: [],
    });
    return kept.number;
  } catch (error) {
    await pending.abort();
    throw error;
  }
}
