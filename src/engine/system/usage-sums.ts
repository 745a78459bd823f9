import type { DiskUsage, UsageSum } from "#spec/docker/disk-usage.ts";

/**
 * What API 1.52 tells of each kind that was asked for: how many there are, how many in use, their bytes, and what the
 * removal of the others would give back. docker-compat: numbers that are 0 are left out; `withItems` lists them too.
 */
export function usageSums(
  usage: DiskUsage,
  withItems: boolean,
): Partial<Record<"ImageUsage" | "ContainerUsage" | "VolumeUsage" | "BuildCacheUsage", UsageSum>> {
  const { Images, Containers, Volumes, BuildCache } = usage;
  const sum = <T>(items: readonly T[], of: Omit<Sums<T>, "items">): UsageSum => printed({ items, ...of }, withItems);
  return {
    ...(Images === null
      ? {}
      : {
          ImageUsage: sum(Images, {
            isActive: (image) => image.Containers > 0,
            bytes: (image) => image.Size - image.SharedSize,
            total: usage.LayersSize,
          }),
        }),
    ...(Containers === null
      ? {}
      : {
          ContainerUsage: sum(Containers, {
            isActive: ({ State }) => ["running", "paused", "restarting"].includes(State),
            bytes: ({ SizeRw = 0 }) => SizeRw,
          }),
        }),
    ...(Volumes === null
      ? {}
      : {
          VolumeUsage: sum(Volumes, {
            isActive: ({ UsageData }) => UsageData.RefCount > 0,
            bytes: ({ UsageData }) => Math.max(0, UsageData.Size),
          }),
        }),
    ...(BuildCache === null
      ? {}
      : {
          BuildCacheUsage: sum(BuildCache, {
            isActive: ({ InUse }) => InUse,
            bytes: ({ Size, Shared }) => (Shared ? 0 : Size),
            total: BuildCache.reduce((sizes, { Size }) => sizes + Size, 0),
          }),
        }),
  };
}

interface Sums<T> {
  readonly items: readonly T[];
  readonly isActive: (item: T) => boolean;
  /** That its removal gives back. */
  readonly bytes: (item: T) => number;
  /** When it is not the sum of `bytes`. */
  readonly total?: number;
}

function printed<T>({ items, isActive, bytes, total }: Sums<T>, withItems: boolean): UsageSum {
  const add = (some: readonly T[]): number => some.reduce((sum, item) => sum + bytes(item), 0);
  const numbers = {
    ActiveCount: items.filter(isActive).length,
    Reclaimable: add(items.filter((item) => !isActive(item))),
    TotalCount: items.length,
    TotalSize: total ?? add(items),
  };
  return {
    ...Object.fromEntries(Object.entries(numbers).filter(([, value]) => value !== 0)),
    ...(withItems && items.length > 0 ? { Items: items } : {}),
  };
}
