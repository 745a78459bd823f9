import { SingleFlight } from "#base/async.ts";
import { formatTime } from "#base/time.ts";
import type { CacheEntry } from "#build/cache/prune-cache.ts";
import type { ImageService, StoredImage } from "#image/types.ts";
import type { ContainerSummary } from "#spec/docker/container.ts";
import type { BuildCacheRecord, DiskUsage, VolumeUsage } from "#spec/docker/disk-usage.ts";
import type { ImageSummary } from "#spec/docker/image.ts";
import type { ListRequest } from "../container/look/list-filter.ts";
import type { ContainerRegistry } from "../container/registry.ts";
import { allParts, bytesOf, layerKey, partsOf } from "../image/image-parts.ts";
import { imageSummary } from "../image/list.ts";
import type { CacheKeeper } from "../build/prune.ts";
import type { Volumes } from "../ports.ts";
import { printVolume, volumeUsers } from "../volume/volume.ts";

export const diskUsageTypes = ["container", "image", "volume", "build-cache"] as const;
export type DiskUsageType = (typeof diskUsageTypes)[number];

export interface DiskUsageDeps {
  readonly registry: ContainerRegistry;
  readonly images: ImageService;
  readonly volumes: Volumes;
  readonly cacheKeeper: CacheKeeper;
  readonly listContainers: (request: ListRequest) => Promise<readonly ContainerSummary[]>;
}

/**
 * `GET /system/df`: what lies on the disk and how much of it is shared, counted file by file: with what is not shared of
 * images, containers' own files, volumes and the build cache it adds up to what `du` finds. Requests that come while
 * something is being counted wait for the same count.
 */
export function diskUsage(deps: DiskUsageDeps) {
  const containers = new SingleFlight<readonly ContainerSummary[]>();
  const volumes = new SingleFlight<readonly VolumeUsage[]>();
  return async (types: ReadonlySet<DiskUsageType>): Promise<DiskUsage> => {
    const images = types.has("image") ? await deps.images.list() : undefined;
    const everything: ListRequest = { all: true, limit: 0, size: true, filters: new Map() };
    return {
      LayersSize: images === undefined ? 0 : imagesSize(deps, images),
      Images: images === undefined ? null : imageUsage(deps, images),
      Containers: types.has("container")
        ? (await containers.run("", () => deps.listContainers(everything))).map(withoutManifest)
        : null,
      Volumes: types.has("volume") ? await volumes.run("", () => volumeUsage(deps)) : null,
      BuildCache: types.has("build-cache") ? (await deps.cacheKeeper.list()).map(printCacheEntry) : null,
    };
  };
}

/** docker-compat: this is told in lists of containers alone. */
function withoutManifest(container: ContainerSummary): ContainerSummary {
  const { ImageManifestDescriptor, ...rest } = container;
  return ImageManifestDescriptor === undefined ? container : rest;
}

function printCacheEntry({ record, inUse, shared, sizeBytes }: CacheEntry): BuildCacheRecord {
  return {
    ID: record.id,
    ...(record.parents.length === 0 ? {} : { Parents: record.parents }),
    Type: record.kind,
    Description: record.description,
    InUse: inUse,
    Shared: shared,
    Size: sizeBytes,
    CreatedAt: record.createdAt,
    LastUsedAt: formatTime(BigInt(record.lastUsedMs) * 1_000_000n),
    UsageCount: record.uses,
  };
}

/**
 * Everything that is kept for images: also layers whose image is gone and that a container stands on, and downloads that
 * may go on. Layers that neither names are the build cache's.
 */
function imagesSize({ images, registry }: DiskUsageDeps, all: readonly StoredImage[]): number {
  const named = new Set(allParts(images, all).keys());
  for (const { spec } of registry.all()) for (const diffId of spec.image.diffIds) named.add(layerKey(diffId));
  const isLayer = (key: string): boolean => key.startsWith(layerKey(""));
  return bytesOf(new Map([...images.stored()].filter(([key]) => named.has(key) || !isLayer(key))));
}

/** Sizes are of all that is kept of an image, unpacked and as it came. */
function imageUsage(
  { registry, images: service }: DiskUsageDeps,
  images: readonly StoredImage[],
): readonly ImageSummary[] {
  const parts = new Map(images.map((image) => [image, partsOf(service, image)] as const));
  const holders = new Map<string, number>();
  for (const key of [...parts.values()].flatMap((own) => [...own.keys()]))
    holders.set(key, (holders.get(key) ?? 0) + 1);
  const users = new Map<string, number>();
  for (const { spec } of registry.all()) users.set(spec.image.id, (users.get(spec.image.id) ?? 0) + 1);
  return [...parts].map(([image, own]) => ({
    ...imageSummary(image),
    Size: bytesOf(own),
    SharedSize: bytesOf(new Map([...own].filter(([key]) => (holders.get(key) ?? 0) > 1))),
    Containers: [image, ...image.variants].reduce((sum, { id }) => sum + (users.get(id) ?? 0), 0),
  }));
}

async function volumeUsage({ registry, volumes }: DiskUsageDeps): Promise<readonly VolumeUsage[]> {
  const users = volumeUsers(registry);
  const usage: VolumeUsage[] = [];
  for (const volume of volumes.listLocal()) {
    const { name } = volume;
    const UsageData = { RefCount: (users.get(name) ?? []).length, Size: await volumes.sizeBytes(name) };
    usage.push({ ...printVolume(volume), UsageData });
  }
  return usage;
}
