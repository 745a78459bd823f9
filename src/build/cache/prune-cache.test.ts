import { expect, test } from "bun:test";
import type { BuildRecord } from "#state/build-store.ts";
import { bytesToKeep, pruneCache, type CacheBounds, type PruneDeps } from "./prune-cache.ts";

const none: CacheBounds = { reservedBytes: 0, maxUsedBytes: 0, minFreeBytes: 0 };

test.each<[string, Partial<CacheBounds>, number]>([
  ["nothing is said", {}, -1],
  ["what is reserved stays, nothing else", { reservedBytes: 30 }, 30],
  ["at most", { maxUsedBytes: 40 }, 40],
  ["at most less than is reserved", { maxUsedBytes: 40, reservedBytes: 50 }, 50],
  ["as much is free as wanted: all stays", { minFreeBytes: 20 }, 100],
  ["free space is missing", { minFreeBytes: 50 }, 70],
  ["more is missing than there is", { minFreeBytes: 1000 }, 0],
  ["what is reserved goes before free space", { minFreeBytes: 1000, reservedBytes: 10 }, 10],
  ["both bounds: the lower", { maxUsedBytes: 90, minFreeBytes: 50 }, 70],
  ["both bounds: the other", { maxUsedBytes: 60, minFreeBytes: 50 }, 60],
])("of 100 bytes, 20 free: %s", (_name, bounds, kept) => {
  expect(bytesToKeep(100, 20, { ...none, ...bounds })).toBe(kept);
});

/** A cache of records of ten bytes each, last used in their order. */
function cacheOf(ids: readonly string[], parents: Readonly<Record<string, readonly string[]>> = {}) {
  let records = ids.map((id, index): BuildRecord => ({
    ...{ id, kind: "regular", layer: index, outputKey: id, description: id, parents: parents[id] ?? [] },
    ...{ sizeBytes: 10, createdAt: "", lastUsedMs: index, uses: 0 },
  }));
  const released: string[] = [];
  const deps = {
    rows: {
      all: () => records,
      delete: (id: string) => {
        records = records.filter((record) => record.id !== id);
        return true;
      },
    },
    cache: { isHeld: (id: string) => id === "held" },
    layers: {
      findNumber: (number: number) => ({ number, path: "", diffId: ids[number] ?? "", sizeBytes: 10 }),
      isOfImage: (diffId: string) => diffId === "shared",
    },
    folders: { isUsed: () => false, path: () => "" },
    release: async (diffIds: readonly string[]) => void released.push(...diffIds),
    freeBytes: () => 0,
  } as unknown as PruneDeps;
  return { deps, released };
}

const request = { all: true, bounds: none, matches: () => true };

test("the oldest go first, and nothing before what was made from it", async () => {
  const { deps, released } = cacheOf(["a", "b", "c", "d"], { b: ["a"] });
  const pruned = await pruneCache(deps, { ...request, bounds: { ...none, maxUsedBytes: 25 } });
  expect(pruned).toEqual({ removed: ["b", "a"], reclaimedBytes: 20 });
  expect(released).toEqual(["b", "a"]);
});

test("for free space no more goes than is missing", async () => {
  const { deps } = cacheOf(["a", "b", "c"]);
  const pruned = await pruneCache(deps, { ...request, bounds: { ...none, minFreeBytes: 15 } });
  expect(pruned).toEqual({ removed: ["a", "b"], reclaimedBytes: 20 });
});

test("what builds rely on stays; what images share goes with everything alone, and frees nothing", async () => {
  const { deps } = cacheOf(["held", "shared", "a"]);
  expect((await pruneCache(deps, { ...request, all: false })).removed).toEqual(["a"]);
  expect(await pruneCache(deps, request)).toEqual({ removed: ["shared"], reclaimedBytes: 0 });
});
