import { SingleFlight } from "#base/async.ts";
import { formatTime } from "#base/time.ts";
import type { CacheEntry } from "#build/cache/prune-cache.ts";
import type { ImageService } from "#image/types.ts";
import type { ContainerSummary } from "#spec/docker/container.ts";
import type { BuildCacheRecord, DiskUsage, VolumeUsage } from "#spec/docker/disk-usage.ts";
import type { ImageSummary } from "#spec/docker/image.ts";
import type { ListRequest } from "../container/list-filter.ts";
import type { ContainerRegistry } from "../container/registry.ts";
import { sharedSizes, uniqueLayers } from "../image/layer-sharing.ts";
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
 * `GET /system/df`: what lies on the disk and how much of it is shared, counted file by file. Requests that come while
 * something is being counted wait for the same count.
 */
export function diskUsage(deps: DiskUsageDeps) {
  const containers = new SingleFlight<readonly ContainerSummary[]>();
  const volumes = new SingleFlight<readonly VolumeUsage[]>();
  return async (types: ReadonlySet<DiskUsageType>): Promise<DiskUsage> => {
    const images = types.has("image") ? await deps.images.list() : undefined;
    const everything: ListRequest = { all: true, limit: 0, size: true, filters: new Map() };
    return {
      LayersSize: [...uniqueLayers(images ?? []).values()].reduce((sum, bytes) => sum + bytes, 0),
      Images: images === undefined ? null : imageUsage(deps.registry, images),
      Containers: types.has("container") ? await containers.run("", () => deps.listContainers(everything)) : null,
      Volumes: types.has("volume") ? await volumes.run("", () => volumeUsage(deps)) : null,
      BuildCache: types.has("build-cache") ? (await deps.cacheKeeper.list()).map(printCacheEntry) : null,
    };
  };
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

function imageUsage(
  registry: ContainerRegistry,
  images: Awaited<ReturnType<ImageService["list"]>>,
): readonly ImageSummary[] {
  const shared = sharedSizes(images);
  const users = new Map<string, number>();
  for (const { spec } of registry.all()) users.set(spec.image.id, (users.get(spec.image.id) ?? 0) + 1);
  return images.map((image) => ({
    ...imageSummary(image),
    SharedSize: shared.get(image.id) ?? 0,
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
