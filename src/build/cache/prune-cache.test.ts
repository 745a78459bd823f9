import { expect, test } from "bun:test";
import type { BuildRecord } from "#state/build-store.ts";
import {
  bytesToKeep,
  listCache,
  pruneCache,
  type CacheBounds,
  type CacheEntry,
  type PruneDeps,
} from "./prune-cache.ts";

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
      isHeldElsewhere: (diffId: string) => diffId === "shared",
    },
    folders: { isUsed: () => false, path: () => "" },
    files: [],
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

test("a layer that two records name counts once, and goes with the last of them", async () => {
  const { deps, released } = cacheOf(["a", "b", "c"]);
  const all = () => deps.rows.all().map((record) => ({ ...record, layer: record.id === "c" ? 2 : 0 }));
  const twice = { ...deps, rows: { ...deps.rows, all } };
  expect((await listCache(twice)).map(({ sizeBytes }) => sizeBytes)).toEqual([10, 0, 10]);
  const first = await pruneCache(twice, { ...request, matches: ({ record }) => record.id === "a" });
  expect([first, released]).toEqual([{ removed: ["a"], reclaimedBytes: 0 }, []]);
  expect([await pruneCache(twice, request), released]).toEqual([
    { removed: ["b", "c"], reclaimedBytes: 20 },
    ["a", "c"],
  ]);
});

test("files that are no step's are a record of their own", async () => {
  const { deps } = cacheOf(["a"]);
  let left = 70;
  const usage = () => (left === 0 ? undefined : { sizeBytes: left, firstMs: 5, lastMs: 9, inUse: false });
  const clear = (): number => {
    left = 20;
    return 50;
  };
  const files = { ...deps, files: [{ id: "kept", description: "files", usage, clear }] };
  const [, entry] = await listCache(files);
  expect([entry?.record.kind, entry?.record.createdAt, entry?.sizeBytes]).toEqual([
    "source.local",
    "1970-01-01T00:00:00.005Z",
    70,
  ]);
  const only = { ...request, matches: ({ record }: CacheEntry) => record.kind === "source.local" };
  expect(await pruneCache(files, only)).toEqual({ removed: ["kept"], reclaimedBytes: 50 });
});
