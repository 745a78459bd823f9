import { describe, expect, test } from "bun:test";
import type { CgroupStats } from "#host/cgroup/types.ts";
import { EngineBench } from "../../testing/engine-bench.ts";
import type { Container } from "../container.ts";
import { statsResponse, type Sample } from "./sample.ts";
import { StatsSampler, type Ticker } from "./stats-sampler.ts";

const counters: CgroupStats = {
  cpu: { usageNs: 9, userNs: 4, systemNs: 5, perCpuNs: [6, 3], periods: 2, throttledPeriods: 1, throttledNs: 7 },
  memory: {
    usageBytes: 4096,
    maxUsageBytes: 8192,
    limitBytes: -1,
    failCount: 3,
    oomCount: 2,
    stat: {
      cache: 1,
      total_inactive_file: 2,
      inactive_file: 2,
      workingset_refault_anon: 3,
      workingset_refault_file: 4,
    },
  },
  pids: { current: 2, limit: -1 },
  io: [
    { major: 8, minor: 0, op: "Read", value: 10, kind: "bytes" },
    { major: 8, minor: 0, op: "Discard", value: 0, kind: "bytes" },
    { major: 8, minor: 0, op: "Read", value: 1, kind: "operations" },
  ],
};
const sample = (cgroupVersion: 1 | 2): Sample => ({
  readAtNs: 1_700_000_000_000_000_001n,
  cgroupVersion,
  counters,
  system: { totalNs: 100, onlineCpus: 2 },
  interfaces: undefined,
});
const box = { id: "a".repeat(64), name: "box" };

describe("a sample on the wire", () => {
  test("cgroup v1", () => {
    const printed = statsResponse(box, sample(1), undefined, 1 << 30);
    expect(printed).toMatchObject({
      read: "2023-11-14T22:13:20.000000001Z",
      preread: "0001-01-01T00:00:00Z",
      pids_stats: { current: 2 },
      cpu_stats: { cpu_usage: { total_usage: 9, percpu_usage: [6, 3] }, system_cpu_usage: 100, online_cpus: 2 },
      memory_stats: { usage: 4096, max_usage: 8192, failcnt: 3, limit: 1 << 30, stats: { cache: 1, rss: 0 } },
      blkio_stats: {
        io_service_bytes_recursive: [
          { major: 8, minor: 0, op: "Read", value: 10 },
          { major: 8, minor: 0, op: "Discard", value: 0 },
        ],
        io_serviced_recursive: [{ major: 8, minor: 0, op: "Read", value: 1 }],
        io_queue_recursive: [],
      },
      os_type: "linux",
      name: "/box",
    });
    expect(printed.pids_stats).not.toHaveProperty("limit");
    expect(printed).not.toHaveProperty("networks");
  });

  test("cgroup v2: other letters, other memory counters, no maximum, the largest number for no limit", () => {
    const printed = statsResponse(box, sample(2), sample(2), 1 << 30);
    expect(printed.memory_stats).not.toHaveProperty("max_usage");
    expect(printed.memory_stats).toMatchObject({ failcnt: 2, stats: { workingset_refault: 7, inactive_file: 2 } });
    expect(printed.memory_stats.stats).not.toHaveProperty("cache");
    expect(printed.blkio_stats).toMatchObject({
      io_service_bytes_recursive: [{ major: 8, minor: 0, op: "read", value: 10 }],
      io_serviced_recursive: null,
    });
    expect(printed.preread).toBe(printed.read);
    expect(JSON.stringify(printed.pids_stats)).toBe('{"current":2,"limit":18446744073709551615}');
  });

  test("a container that does not run is all zeros, without what could only be known of a running one", () => {
    const printed = JSON.parse(JSON.stringify(statsResponse(box, undefined, undefined, 1 << 30))) as unknown;
    const noCpu = {
      cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
      throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
    };
    expect(printed).toEqual({
      read: "0001-01-01T00:00:00Z",
      preread: "0001-01-01T00:00:00Z",
      pids_stats: {},
      blkio_stats: {
        io_service_bytes_recursive: null,
        io_serviced_recursive: null,
        io_queue_recursive: null,
        io_service_time_recursive: null,
        io_wait_time_recursive: null,
        io_merged_recursive: null,
        io_time_recursive: null,
        sectors_recursive: null,
      },
      num_procs: 0,
      storage_stats: {},
      cpu_stats: noCpu,
      precpu_stats: noCpu,
      memory_stats: {},
      os_type: "linux",
      name: "/box",
      id: box.id,
    });
  });
});

describe("the sampler", () => {
  const ticks: (() => void)[] = [];
  const ticker: Ticker = {
    every(_ms, act) {
      ticks.push(act);
      return () => void ticks.splice(ticks.indexOf(act), 1);
    },
  };
  const container = { id: "c", removalListeners: new Set() } as unknown as Container;

  test("reads once for many watchers, and stops with the last", async () => {
    let taken = 0;
    const sampler = new StatsSampler({
      ticker,
      takeSample: async () => ({ ...sample(1), readAtNs: BigInt(++taken) }),
    });
    const leave = new AbortController();
    const first = sampler.watch(container, leave.signal);
    expect((await first.next()).value).toMatchObject({ sample: { readAtNs: 1n }, previous: undefined });
    const second = sampler.watch(container, leave.signal);
    expect((await second.next()).value).toMatchObject({ sample: { readAtNs: 1n } });
    expect(ticks).toHaveLength(1);
    ticks[0]?.();
    const expected = { value: { sample: { readAtNs: 2n }, previous: { readAtNs: 1n } } };
    expect(await Promise.all([first.next(), second.next()])).toMatchObject([expected, expected]);
    expect(taken).toBe(2);
    leave.abort();
    expect(await Promise.all([first.next(), second.next()])).toEqual([
      { done: true, value: undefined },
      { done: true, value: undefined },
    ]);
    expect([ticks.length, sampler.active]).toEqual([0, 0]);
  });

  test("a slow watcher gets the newest reading only; a removal ends the watch", async () => {
    let taken = 0;
    const sampler = new StatsSampler({
      ticker,
      takeSample: async () => ({ ...sample(1), readAtNs: BigInt(++taken) }),
    });
    const slow = sampler.watch(container, new AbortController().signal);
    await slow.next();
    for (let tick = 0; tick < 5; tick += 1) {
      ticks[0]?.();
      await Bun.sleep(0);
    }
    expect((await slow.next()).value).toMatchObject({ sample: { readAtNs: 6n }, previous: { readAtNs: 5n } });
    for (const listener of container.removalListeners) listener({ exitCode: 0, error: "" });
    expect((await slow.next()).done).toBe(true);
    expect([ticks.length, sampler.active, container.removalListeners.size]).toEqual([0, 0, 0]);
  });
});

test("a stream goes on through the end of the container and ends with its removal", async () => {
  const bench = await EngineBench.open();
  const id = await bench.create({ Cmd: ["sleep"] });
  await bench.engine.containers.start(id);
  const stream = bench.engine.containers.stats(id, "stream", new AbortController().signal)[Symbol.asyncIterator]();
  expect((await stream.next()).value).toMatchObject({ id, networks: { eth0: { rx_bytes: 7 } } });
  await bench.engine.containers.remove(id, { force: true, volumes: false });
  while ((await stream.next()).done !== true);
  expect(() => bench.engine.containers.stats("nope", "stream", new AbortController().signal)).toThrow(
    "No such container: nope",
  );
});
