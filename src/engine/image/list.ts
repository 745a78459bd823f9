import { referenceMatches } from "./reference-pattern.ts";
import { parseTime } from "#base/time.ts";
import type { ImageService, StoredImage } from "#image/types.ts";
import { booleanFilter, matchesLabelFilters, type Filters } from "#spec/docker/filters.ts";
import type { ImageSummary } from "#spec/docker/image.ts";
import { untilFilter } from "#spec/docker/until-filter.ts";
import type { ContainerRegistry } from "../container/registry.ts";
import type { Clock } from "../ports.ts";
import { parentsIn } from "./line-of.ts";
import { bytesOf, partsOf } from "./image-parts.ts";
import { manifestSummaries } from "./manifest-summaries.ts";
import { sharedSizes, unpackedSize } from "./layer-sharing.ts";

export const imageFilterKeys = ["dangling", "label", "label!", "before", "since", "reference", "until"] as const;

/**
 * `GET /images/json`, newest first. `before` and `since` name images, of several the one that leaves least; one that is
 * not there is `not-found`.
 */
export function listImages(deps: {
  readonly images: ImageService;
  readonly registry: ContainerRegistry;
  readonly clock: Clock;
}) {
  return async (request: {
    readonly filters: Filters;
    /** Also those without a name that others were made of. */
    readonly all: boolean;
    /** Tell of each image how much of it others have too. */
    readonly sharedSize: boolean;
    /** Tell of the manifests behind each image. */
    readonly manifests: boolean;
    /** With where each of these images comes from. */
    readonly identity: boolean;
  }): Promise<readonly ImageSummary[]> => {
    const { filters } = request;
    const before = (await createdOf(deps.images, filters, "before"))[0];
    const since = (await createdOf(deps.images, filters, "since")).at(-1);
    const until = untilFilter(filters, deps.clock.nowNs());
    const all = await deps.images.list();
    const parents = parentsIn(all);
    const shown = (image: StoredImage): boolean => {
      const created = createdNs(image);
      const named = image.repoTags.length > 0 || image.repoDigests.length > 0;
      if (!named && !request.all && parents.has(image.id)) return false;
      const dangling = image.repoTags.length === 0;
      const labels = image.config.config?.Labels ?? {};
      if (filters.has("dangling") && booleanFilter(filters, "dangling", false) !== dangling) return false;
      if (before !== undefined && created >= before) return false;
      if (since !== undefined && created <= since) return false;
      if (until !== undefined && created >= until) return false;
      return matchesLabelFilters(filters, labels);
    };
    const users = new Map<string, number>();
    for (const { spec } of deps.registry.all()) users.set(spec.image.id, (users.get(spec.image.id) ?? 0) + 1);
    const patterns = [...(filters.get("reference") ?? [])];
    const shared = request.sharedSize ? sharedSizes(all) : undefined;
    return all
      .filter(shown)
      .map((image) => ({
        ...imageSummary(image, patterns),
        ...(image.artifactType === undefined ? {} : { Size: bytesOf(partsOf(deps.images, image)) }),
        SharedSize: shared?.get(image.id) ?? -1,
        Containers: [image, ...image.variants].reduce((sum, { id }) => sum + (users.get(id) ?? 0), 0),
        ...(request.manifests ? manifestsPart(deps, image, request.identity) : {}),
      }))
      .filter((item) => patterns.length === 0 || item.RepoTags.length > 0 || item.RepoDigests.length > 0)
      .toSorted((a, b) => b.Created - a.Created || (a.Id < b.Id ? -1 : 1));
  };
}

/** With `reference` patterns only the names that match are listed. */
export function imageSummary(image: StoredImage, patterns: readonly string[] = []): ImageSummary {
  const wanted = (name: string): boolean =>
    patterns.length === 0 || patterns.some((pattern) => referenceMatches(pattern, name));
  return {
    Id: image.id,
    ParentId: image.parentId ?? "",
    RepoTags: image.repoTags.filter(wanted),
    RepoDigests: image.repoDigests.filter(wanted),
    Created: Number(createdNs(image) / 1_000_000_000n),
    Size: unpackedSize(image),
    SharedSize: -1,
    Labels: image.config.config?.Labels ?? null,
    Containers: -1,
  };
}

function manifestsPart(
  deps: Parameters<typeof manifestSummaries>[0],
  image: StoredImage,
  withIdentity: boolean,
): Pick<ImageSummary, "Descriptor" | "Manifests"> {
  const { target, manifests } = manifestSummaries(deps, image, { withIdentity });
  return { Descriptor: target, Manifests: manifests };
}

function createdNs(image: StoredImage): bigint {
  return image.config.created === undefined ? 0n : parseTime(image.config.created);
}

/** When the images that a filter names were made, oldest first. */
async function createdOf(images: ImageService, filters: Filters, key: string): Promise<readonly bigint[]> {
  const times: bigint[] = [];
  for (const name of filters.get(key) ?? []) times.push(createdNs(await images.resolve(name)));
  return times.toSorted((a, b) => (a < b ? -1 : 1));
}
