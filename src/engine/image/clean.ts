import { isBerthError, messageOf } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import type { ImageService, StoredImage } from "#image/types.ts";
import type { ImagesCleaned } from "#spec/berth/images.ts";
import type { ContainerRegistry } from "../container/registry.ts";
import type { Clock, Events } from "../ports.ts";
import { PruneGuard } from "../prune-guard.ts";
import { chooseUnused, type CleanCandidate, type CleanPolicy } from "./choose-unused.ts";
import { allParts, bytesOf, partsOf } from "./image-parts.ts";
import { parentsIn } from "./line-of.ts";
import { referenceMatches } from "./reference-pattern.ts";
import { imagesInUse } from "./images-in-use.ts";
import type { RemoveImage } from "./remove.ts";

export interface ImageCleanDeps {
  readonly images: ImageService;
  readonly registry: ContainerRegistry;
  readonly clock: Clock;
  readonly events: Events;
  readonly log: Log;
  readonly remove: RemoveImage;
}

/** `POST /berth/images/clean`: images that a policy has no use for. With `dryRun` they are only told. */
export function cleanImages(deps: ImageCleanDeps) {
  const guard = new PruneGuard();
  return (policy: CleanPolicy, options: { readonly dryRun: boolean }): Promise<ImagesCleaned> =>
    guard.run(async () => {
      const candidates = await candidatesOf(deps);
      const nowMs = Number(deps.clock.nowNs() / 1_000_000n);
      const found = chooseUnused(candidates, policy, { nowMs, isKept: referenceMatches });
      const gone: CleanCandidate[] = [];
      for (const image of found.chosen) if (options.dryRun || (await removeWhole(deps, image))) gone.push(image);
      const bytesAfter = options.dryRun ? found.bytesAfter : bytesOf(allParts(deps.images, await deps.images.list()));
      const SpaceReclaimed = found.bytesBefore - bytesAfter;
      if (!options.dryRun && gone.length > 0) {
        const attributes = { reclaimed: String(SpaceReclaimed) };
        deps.events.publish({ type: "image", action: "prune", id: "", attributes });
      }
      return {
        Images: gone.map(({ id, names, lastUsedMs }) => ({ Id: id, Names: names, LastUsed: isoTime(lastUsedMs) })),
        BytesBefore: found.bytesBefore,
        SpaceReclaimed,
      };
    });
}

async function candidatesOf(deps: ImageCleanDeps): Promise<readonly CleanCandidate[]> {
  const images = await deps.images.list();
  const parents = parentsIn(images);
  const used = imagesInUse(deps.registry);
  return images.map((image): CleanCandidate => {
    const family = [image, ...image.variants];
    return {
      id: image.id,
      names: [...image.repoTags, ...image.repoDigests],
      lastUsedMs: Math.max(...family.map(lastUsedMs)),
      isHeld: family.some(({ id, isLocked }) => isLocked || used.has(id) || parents.has(id)),
      parts: partsOf(deps.images, image),
    };
  });
}

function lastUsedMs({ lastUsedAt, lastTaggedAt, config }: StoredImage): number {
  const times = [lastUsedAt, lastTaggedAt].flatMap((text) => (text === undefined ? [] : Date.parse(text)));
  return times.length > 0 ? Math.max(...times) : Date.parse(config.created ?? "") || 0;
}

/** Name by name, so that a container that came meanwhile keeps its image. */
async function removeWhole(deps: ImageCleanDeps, { id, names }: CleanCandidate): Promise<boolean> {
  try {
    for (const name of names.length === 0 ? [id] : names) {
      try {
        await deps.remove(name, { force: false, prune: true });
      } catch (error) {
        // Gone with the repository's last tag.
        if (!isBerthError(error, "not-found")) throw error;
      }
    }
    return true;
  } catch (error) {
    deps.log.warn("the clean-up leaves an image", { image: id, error: messageOf(error) });
    return false;
  }
}

const isoTime = (ms: number): string => new Date(ms).toISOString();
