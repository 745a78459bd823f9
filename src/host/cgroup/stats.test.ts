import { describe, expect, test } from "bun:test";
import { v1Stats } from "./v1-stats.ts";
import { v2Stats } from "./v2-stats.ts";

/** Files of a group with `-m 64m --cpus 0.5`, as Linux 6.18 prints them. */
const v1Files: Readonly<Record<string, string>> = {
  "cpuacct/cpuacct.usage": "64738397",
  "cpuacct/cpuacct.stat": "user 3\nsystem 4",
  "cpuacct/cpuacct.usage_percpu": "59437917 5300480 ",
  "cpu/cpu.stat": "nr_periods 22\nnr_throttled 1\nthrottled_time 500",
  "memory/memory.usage_in_bytes": "946176",
  "memory/memory.max_usage_in_bytes": "4349952",
  "memory/memory.limit_in_bytes": "67108864",
  "memory/memory.failcnt": "2",
  "memory/memory.stat": "cache 4096\nrss 118784\nhierarchical_memory_limit 67108864\ntotal_inactive_file 512",
  "pids/pids.current": "2",
  "pids/pids.max": "max",
  "blkio/blkio.throttle.io_service_bytes_recursive":
    "254:0 Read 0\n254:0 Write 688128\n254:0 Sync 688128\n254:0 Async 0\n254:0 Discard 0\n254:0 Total 688128\nTotal 688128",
  "blkio/blkio.throttle.io_serviced_recursive": "254:0 Write 191\n254:0 Total 191\nTotal 191",
};

/** The same of a v2 group, as Linux 6.1 prints them. */
const v2Files: Readonly<Record<string, string>> = {
  "cpu.stat":
    "usage_usec 64738\nuser_usec 30000\nsystem_usec 34738\nnr_periods 22\nnr_throttled 1\nthrottled_usec 5\nnr_bursts 0\nburst_usec 0",
  "memory.current": "946176",
  "memory.peak": "4349952",
  "memory.max": "67108864",
  "memory.events": "low 0\nhigh 0\nmax 7\noom 2\noom_kill 1\noom_group_kill 0",
  "memory.stat": "anon 118784\nfile 4096\ninactive_file 512\nworkingset_refault_anon 3\nworkingset_refault_file 4",
  "pids.current": "2",
  "pids.max": "max",
  "io.stat":
    "254:0 rbytes=4096 wbytes=688128 rios=1 wios=191 dbytes=0 dios=0\n7:0\n8:16 rbytes=512 wbytes=0 rios=1 wios=0 dbytes=0 dios=0",
};

describe("counters of a control group", () => {
  test("v1", () => {
    expect(v1Stats((controller, file) => v1Files[`${controller}/${file}`])).toEqual({
      cpu: {
        usageNs: 64738397,
        userNs: 30_000_000,
        systemNs: 40_000_000,
        perCpuNs: [59437917, 5300480],
        periods: 22,
        throttledPeriods: 1,
        throttledNs: 500,
      },
      memory: {
        usageBytes: 946176,
        maxUsageBytes: 4349952,
        limitBytes: 67108864,
        failCount: 2,
        oomCount: 0,
        stat: { cache: 4096, rss: 118784, hierarchical_memory_limit: 67108864, total_inactive_file: 512 },
      },
      pids: { current: 2, limit: -1 },
      io: [
        { major: 254, minor: 0, op: "Read", value: 0, kind: "bytes" },
        { major: 254, minor: 0, op: "Write", value: 688128, kind: "bytes" },
        { major: 254, minor: 0, op: "Sync", value: 688128, kind: "bytes" },
        { major: 254, minor: 0, op: "Async", value: 0, kind: "bytes" },
        { major: 254, minor: 0, op: "Discard", value: 0, kind: "bytes" },
        { major: 254, minor: 0, op: "Total", value: 688128, kind: "bytes" },
        { major: 254, minor: 0, op: "Write", value: 191, kind: "operations" },
        { major: 254, minor: 0, op: "Total", value: 191, kind: "operations" },
      ],
    });
    const unlimited = { ...v1Files, "memory/memory.limit_in_bytes": "9223372036854771712" };
    expect(v1Stats((c, f) => unlimited[`${c}/${f}` as keyof typeof unlimited]).memory?.limitBytes).toBe(-1);
  });

  test("v2", () => {
    expect(v2Stats((file) => v2Files[file])).toEqual({
      cpu: {
        usageNs: 64_738_000,
        userNs: 30_000_000,
        systemNs: 34_738_000,
        perCpuNs: [],
        periods: 22,
        throttledPeriods: 1,
        throttledNs: 5000,
      },
      memory: {
        usageBytes: 946176,
        maxUsageBytes: 4349952,
        limitBytes: 67108864,
        failCount: 7,
        oomCount: 2,
        stat: {
          anon: 118784,
          file: 4096,
          inactive_file: 512,
          workingset_refault_anon: 3,
          workingset_refault_file: 4,
        },
      },
      pids: { current: 2, limit: -1 },
      io: [
        { major: 254, minor: 0, op: "Read", value: 4096, kind: "bytes" },
        { major: 254, minor: 0, op: "Write", value: 688128, kind: "bytes" },
        { major: 254, minor: 0, op: "Read", value: 1, kind: "operations" },
        { major: 254, minor: 0, op: "Write", value: 191, kind: "operations" },
        { major: 254, minor: 0, op: "Discard", value: 0, kind: "bytes" },
        { major: 254, minor: 0, op: "Discard", value: 0, kind: "operations" },
        { major: 8, minor: 16, op: "Read", value: 512, kind: "bytes" },
        { major: 8, minor: 16, op: "Write", value: 0, kind: "bytes" },
        { major: 8, minor: 16, op: "Read", value: 1, kind: "operations" },
        { major: 8, minor: 16, op: "Write", value: 0, kind: "operations" },
        { major: 8, minor: 16, op: "Discard", value: 0, kind: "bytes" },
        { major: 8, minor: 16, op: "Discard", value: 0, kind: "operations" },
      ],
    });
  });

  test("what a machine has no controller for is undefined", () => {
    const nothing = { cpu: undefined, memory: undefined, pids: undefined, io: [] };
    expect(v1Stats(() => undefined)).toEqual(nothing);
    expect(v2Stats(() => undefined)).toEqual(nothing);
  });
});
