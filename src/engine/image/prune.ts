import { isBerthError, messageOf } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import { parseTime } from "#base/time.ts";
import type { ImageService, StoredImage } from "#image/types.ts";
import { booleanFilter, matchesLabelFilters, type Filters } from "#spec/docker/filters.ts";
import type { ImageDeleteItem } from "#spec/docker/image.ts";
import type { ImagesPruned } from "#spec/docker/prune.ts";
import { untilFilter } from "#spec/docker/until-filter.ts";
import type { Clock, Events } from "../ports.ts";
import { PruneGuard } from "../prune-guard.ts";
import { allParts, bytesOf } from "./image-parts.ts";
import { parentsIn } from "./line-of.ts";
import type { RemoveImage } from "./remove.ts";

export const imagePruneKeys = ["dangling", "label", "label!", "until"] as const;

export interface ImagePruneDeps {
  readonly images: ImageService;
  readonly clock: Clock;
  readonly events: Events;
  readonly log: Log;
  readonly remove: RemoveImage;
}

/**
 * `POST /images/prune`: images without a tag or, with `dangling=false`, all that no container uses. docker-compat: an
 * image in use loses its names but the last, one without a name that others were made of stays with them.
 */
export function pruneImages(deps: ImagePruneDeps) {
  const guard = new PruneGuard();
  return (filters: Filters, signal: AbortSignal): Promise<ImagesPruned> => {
    const danglingOnly = booleanFilter(filters, "dangling", true);
    const until = untilFilter(filters, deps.clock.nowNs());
    const chosen = (image: StoredImage, parents: ReadonlySet<string>): boolean =>
      (image.repoTags.length > 0 || image.repoDigests.length > 0 || !parents.has(image.id)) &&
      (!danglingOnly || image.repoTags.length === 0) &&
      (until === undefined || createdNs(image) <= until) &&
      matchesLabelFilters(filters, image.config.config?.Labels ?? {});
    return guard.run(async () => {
      const before = await deps.images.list();
      const partsBefore = allParts(deps.images, before);
      const items: ImageDeleteItem[] = [];
      const parents = parentsIn(before);
      for (const image of before.filter((each) => chosen(each, parents))) {
        if (signal.aborted) break;
        for (const name of namesOf(image)) items.push(...(await removeUnused(deps, name)));
      }
      // What a container or the build cache holds on to is still there.
      const kept = deps.images.stored();
      const reclaimed = bytesOf(new Map([...partsBefore].filter(([part]) => !kept.has(part))));
      const attributes = { reclaimed: String(reclaimed) };
      deps.events.publish({ type: "image", action: "prune", id: "", attributes });
      return { ImagesDeleted: items.length === 0 ? null : items, SpaceReclaimed: reclaimed };
    });
  };
}

const createdNs = (image: StoredImage): bigint =>
  image.config.created === undefined ? 0n : parseTime(image.config.created);

function namesOf(image: StoredImage): readonly string[] {
  const names = [...image.repoTags, ...image.repoDigests];
  return names.length === 0 ? [image.id] : names;
}

async function removeUnused(deps: ImagePruneDeps, name: string): Promise<readonly ImageDeleteItem[]> {
  try {
    return await deps.remove(name, { force: false, prune: true });
  } catch (error) {
    // In use, or gone with the repository's last tag.
    if (!isBerthError(error, "conflict") && !isBerthError(error, "not-found"))
      deps.log.warn("prune leaves an image", { image: name, error: messageOf(error) });
    return [];
  }
}
