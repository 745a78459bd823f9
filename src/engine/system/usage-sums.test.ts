import { expect, test } from "bun:test";
import type { DiskUsage } from "#spec/docker/disk-usage.ts";
import { usageSums } from "./usage-sums.ts";

const usage = {
  LayersSize: 1000,
  Images: [
    { Id: "used", Size: 600, SharedSize: 100, Containers: 2 },
    { Id: "unused", Size: 500, SharedSize: 100, Containers: 0 },
  ],
  Containers: [{ State: "running", SizeRw: 5 }, { State: "exited", SizeRw: 7 }, { State: "created" }],
  Volumes: [
    { UsageData: { RefCount: 1, Size: 10 } },
    { UsageData: { RefCount: 0, Size: 20 } },
    { UsageData: { RefCount: 0, Size: -1 } },
  ],
  BuildCache: [
    { InUse: true, Shared: false, Size: 1 },
    { InUse: false, Shared: true, Size: 2 },
    { InUse: false, Shared: false, Size: 4 },
  ],
} as unknown as DiskUsage;

test("counts, bytes and what can be had back", () => {
  expect(usageSums(usage, false)).toEqual({
    ImageUsage: { ActiveCount: 1, TotalCount: 2, TotalSize: 1000, Reclaimable: 400 },
    ContainerUsage: { ActiveCount: 1, TotalCount: 3, TotalSize: 12, Reclaimable: 7 },
    VolumeUsage: { ActiveCount: 1, TotalCount: 3, TotalSize: 30, Reclaimable: 20 },
    BuildCacheUsage: { ActiveCount: 1, TotalCount: 3, TotalSize: 7, Reclaimable: 4 },
  });
});

test("with items when asked; what was not asked for is absent, what is 0 too", () => {
  const nothing = { LayersSize: 0, Images: null, Containers: [], Volumes: null, BuildCache: null };
  expect(usageSums(nothing, true)).toEqual({ ContainerUsage: {} });
  expect(usageSums({ ...nothing, Containers: usage.Containers }, true).ContainerUsage?.Items).toHaveLength(3);
});
