import { parseTime } from "#base/time.ts";
import type { ImageService } from "#image/types.ts";
import type { Platform } from "#spec/oci/platform.ts";
import { lineOf } from "./line-of.ts";
import type { ImageHistoryItem } from "#spec/docker/image.ts";

/**
 * `GET /images/{name}/history`, newest first. The newest entry has the image's id, an older one that of the parent it is
 * the newest of; others have none.
 */
export function imageHistory(deps: { readonly images: ImageService }) {
  return async (name: string, platform: Platform | undefined): Promise<readonly ImageHistoryItem[]> => {
    const image = await deps.images.resolve(name, platform);
    const layers = [...image.layers];
    const items: ImageHistoryItem[] = [];
    for (const entry of image.config.history ?? []) {
      const layer = entry.empty_layer === true ? undefined : layers.shift();
      items.push({
        Id: "<missing>",
        Created: entry.created === undefined ? 0 : Number(parseTime(entry.created) / 1_000_000_000n),
        CreatedBy: entry.created_by ?? "",
        Tags: null,
        Size: layer?.sizeBytes ?? 0,
        Comment: entry.comment ?? "",
      });
    }
    // Layers that no history entry speaks of.
    for (const { sizeBytes } of layers) {
      items.push({ Id: "<missing>", Created: 0, CreatedBy: "", Tags: null, Size: sizeBytes, Comment: "" });
    }
    for (const each of await lineOf(deps.images, image)) {
      const at = each.id === image.id ? items.length - 1 : (each.config.history?.length ?? 0) - 1;
      const item = items[at];
      if (item !== undefined)
        items[at] = { ...item, Id: each.id, Tags: each.repoTags.length > 0 ? each.repoTags : null };
    }
    return items.toReversed();
  };
}
