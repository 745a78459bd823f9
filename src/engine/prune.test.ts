import { beforeEach, describe, expect, test } from "bun:test";
import { parseFilters } from "#spec/docker/filters.ts";
import type { StoredImage } from "#image/types.ts";
import { containerPruneKeys } from "./container/life/prune.ts";
import { sharedSizes, uniqueLayers } from "./image/layer-sharing.ts";
import { imagePruneKeys } from "./image/prune.ts";
import { diskUsageTypes } from "./system/disk-usage.ts";
import { EngineBench, refusal } from "./testing/engine-bench.ts";

let bench: EngineBench;
beforeEach(async () => {
  bench = await EngineBench.open();
});

const never = new AbortController().signal;
const prune = (filters = {}) =>
  bench.engine.containers.prune(parseFilters(JSON.stringify(filters), containerPruneKeys), never);

describe("containers/prune", () => {
  test("removes what does not run and tells what that gave back", async () => {
    const made = await bench.create();
    const ended = await bench.create({ Cmd: ["exit", "3"] });
    await bench.engine.containers.start(ended);
    await bench.exitOf(ended);
    const running = await bench.create({ Cmd: ["sleep"] });
    await bench.engine.containers.start(running);
    const answer = await prune();
    expect(answer.ContainersDeleted?.toSorted()).toEqual([made, ended].toSorted());
    // The fake world's snapshots hold five bytes each.
    expect(answer.SpaceReclaimed).toBe(10);
    expect(bench.world.published.at(-1)).toEqual({
      type: "container",
      action: "prune",
      id: "",
      attributes: { reclaimed: "10" },
    });
    expect(await prune()).toEqual({ ContainersDeleted: null, SpaceReclaimed: 0 });
    expect([...bench.world.rows.keys()]).toEqual([running]);
    await bench.engine.containers.remove(running, { force: true, volumes: false });
  });

  test("by label and age", async () => {
    const one = await bench.create({ Labels: { a: "1" } });
    const two = await bench.create({ Labels: { a: "2" } });
    expect((await prune({ label: ["a=3"] })).ContainersDeleted).toBeNull();
    expect((await prune({ until: ["24h"] })).ContainersDeleted).toBeNull();
    expect((await prune({ label: ["a"], "label!": ["a=1"] })).ContainersDeleted).toEqual([two]);
    expect((await prune({ until: ["0s"] })).ContainersDeleted).toEqual([one]);
    expect(() => prune({ bogus: ["x"] })).toThrow("invalid filter 'bogus'");
    expect(() => prune({ until: ["1s", "2s"] })).toThrow("more than one until filter specified");
  });

  test("one at a time; a client that leaves ends it", async () => {
    await bench.create();
    await bench.create();
    const leave = new AbortController();
    leave.abort();
    const filters = parseFilters(undefined, containerPruneKeys);
    const first = bench.engine.containers.prune(filters, leave.signal);
    expect((await refusal(prune())).message).toBe("a prune operation is already running");
    expect((await first).ContainersDeleted).toBeNull();
    expect((await prune()).ContainersDeleted).toHaveLength(2);
  });
});

describe("images", () => {
  const image = (id: string, layers: readonly (readonly [string, number])[]): StoredImage =>
    ({
      id,
      layers: layers.map(([diffId, sizeBytes]) => ({ diffId, sizeBytes, path: "" })),
      variants: [],
    }) as unknown as StoredImage;

  test("a layer counts once, however often it occurs; shared is what another image has too", () => {
    const images = [
      image("a", [
        ["base", 100],
        ["mine", 5],
        ["mine", 5],
      ]),
      image("b", [
        ["base", 100],
        ["other", 7],
      ]),
      image("c", [["alone", 1]]),
    ];
    expect([...uniqueLayers(images).values()].reduce((sum, bytes) => sum + bytes, 0)).toBe(113);
    expect([...sharedSizes(images)]).toEqual([
      ["a", 100],
      ["b", 100],
      ["c", 0],
    ]);
  });

  test("prune keeps tagged images unless all that are unused are meant", async () => {
    const pruneImages = (filters: unknown) =>
      bench.engine.images.prune(parseFilters(JSON.stringify(filters), imagePruneKeys), never);
    expect(await pruneImages({})).toEqual({ ImagesDeleted: null, SpaceReclaimed: 0 });
    expect((await pruneImages({ dangling: ["false"] })).ImagesDeleted).toEqual([{ Untagged: "busybox:latest" }]);
    expect(() => pruneImages({ dangling: ["maybe"] })).toThrow("invalid filter 'dangling=");
  });
});

test("df tells what was asked for and leaves out the rest", async () => {
  await bench.create({ HostConfig: { Binds: ["data:/d", "more:/m"] } });
  await bench.create({ HostConfig: { Binds: ["data:/d"] } });
  const usage = await bench.engine.system.diskUsage(new Set(diskUsageTypes));
  expect(usage).toMatchObject({
    LayersSize: 10,
    Images: [{ RepoTags: ["busybox:latest"], SharedSize: 0, Containers: 2 }],
    Containers: [{ SizeRw: 5, SizeRootFs: 1005 }, {}],
    Volumes: [
      { Name: "data", CreatedAt: "1970-01-01T00:00:05Z", UsageData: { RefCount: 2, Size: 3 } },
      { Name: "more", UsageData: { RefCount: 1, Size: 3 } },
    ],
    BuildCache: [],
  });
  expect(await bench.engine.system.diskUsage(new Set(["volume"]))).toMatchObject({
    LayersSize: 0,
    Images: null,
    Containers: null,
    Volumes: [{}, {}],
    BuildCache: null,
  });
});
