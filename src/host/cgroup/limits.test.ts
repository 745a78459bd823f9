import { describe, expect, test } from "bun:test";
import type { Resources } from "#spec/oci/runtime.ts";
import { v1Limits } from "./v1-limits.ts";
import { ioWeight, swapOnly, v2Limits, weightOfShares } from "./v2-limits.ts";

const resources: Resources = {
  memory: { limit: 64 << 20, swap: 128 << 20, reservation: 32 << 20 },
  cpu: { shares: 512, quota: 50_000, period: 100_000, cpus: "0", mems: "0" },
  pids: { limit: 50 },
  blockIO: { weight: 500, throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 1 << 20 }] },
  hugepageLimits: [{ pageSize: "2MB", limit: 9 }],
};

const lines = (writes: readonly { readonly file: string; readonly value: string }[]): readonly string[] =>
  writes.map(({ file, value }) => `${file} ${value}`);

describe("OCI resources as control file writes", () => {
  test("v1", () => {
    expect(lines(v1Limits(resources))).toEqual([
      "memory.limit_in_bytes 67108864",
      "memory.memsw.limit_in_bytes 134217728",
      "memory.soft_limit_in_bytes 33554432",
      "cpu.shares 512",
      "cpu.cfs_period_us 100000",
      "cpu.cfs_quota_us 50000",
      "cpuset.cpus 0",
      "cpuset.mems 0",
      "pids.max 50",
      "blkio.weight 500",
      "blkio.throttle.read_bps_device 8:0 1048576",
      "hugetlb.2MB.limit_in_bytes 9",
    ]);
    expect(
      lines(
        v1Limits({
          devices: [
            { allow: false },
            { allow: true, type: "c", major: 1, minor: 3, access: "rw" },
            { allow: true, type: "b" },
          ],
        }),
      ),
    ).toEqual(["devices.deny a", "devices.allow c 1:3 rw", "devices.allow b *:* rwm"]);
    expect(() => v1Limits({ unified: { "memory.high": "1" } })).toThrow("needs cgroup v2");
  });

  test("v2", () => {
    expect(lines(v2Limits(resources))).toEqual([
      "memory.max 67108864",
      "memory.swap.max 67108864",
      "memory.low 33554432",
      "cpu.weight 59",
      "cpu.max 50000 100000",
      "cpuset.cpus 0",
      "cpuset.mems 0",
      "pids.max 50",
      "io.weight default 4950",
      "io.max 8:0 rbps=1048576",
      "hugetlb.2MB.max 9",
    ]);
    expect(
      lines(
        v2Limits({
          memory: { limit: -1 },
          pids: { limit: -1 },
          cpu: { quota: -1, period: 5000 },
          unified: { "memory.high": "7" },
        }),
      ),
    ).toEqual(["memory.max max", "memory.swap.max max", "cpu.max max 5000", "pids.max max", "memory.high 7"]);
    expect(() => v2Limits({ memory: { swappiness: 3 } })).toThrow("memory swappiness cannot be set on cgroup v2");
    expect(() => v2Limits({ unified: { "../x": "1" } })).toThrow("not a limit of a controller");
    expect(() => v2Limits({ unified: { "cgroup.procs": "1" } })).toThrow("not a limit of a controller");
  });

  test("conversions meet at the ends and at the defaults", () => {
    expect([weightOfShares(2), weightOfShares(1024), weightOfShares(262144)]).toEqual([1, 100, 10000]);
    expect([ioWeight(10), ioWeight(1000)]).toEqual([1, 10000]);
    expect([swapOnly(undefined, 5), swapOnly(-1, 5), swapOnly(9, 5), swapOnly(9, -1)]).toEqual([undefined, -1, 4, 9]);
    expect(() => swapOnly(4, 5)).toThrow("memory+swap limit should be >= memory limit");
    expect(() => swapOnly(4, undefined)).toThrow("unable to set swap limit without memory limit");
  });
});
