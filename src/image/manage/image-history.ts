import type { StoredImage } from "../types.ts";

/** One line of `docker history`, newest first. */
export interface HistoryEntry {
  /** The image's id on the topmost line, otherwise `<missing>`. */
  readonly id: string;
  /** Unix seconds; 0 when the image does not say. */
  readonly createdSeconds: number;
  readonly createdBy: string;
  readonly comment: string;
  readonly tags: readonly string[];
  readonly sizeBytes: number;
}

/** docker-compat: a config without history, or with too little of it, shows nothing for the layers it leaves out. */
export function imageHistory(image: StoredImage): readonly HistoryEntry[] {
  let layer = 0;
  const entries = (image.config.history ?? []).map((step): HistoryEntry => {
    const sizeBytes = step.empty_layer === true ? 0 : (image.layers[layer++]?.sizeBytes ?? 0);
    const created = step.created === undefined ? Number.NaN : Date.parse(step.created);
    return {
      id: "<missing>",
      createdSeconds: Number.isNaN(created) ? 0 : Math.floor(created / 1000),
      createdBy: step.created_by ?? "",
      comment: step.comment ?? "",
      tags: [],
      sizeBytes,
    };
  });
  const [top, ...rest] = entries.toReversed();
  return top === undefined ? [] : [{ ...top, id: image.id, tags: image.repoTags }, ...rest];
}
