import { expect, test } from "bun:test";
import { v1Creation, type HierarchyRoots } from "./v1-creation.ts";
import { v1Limits } from "./v1-limits.ts";

const roots: HierarchyRoots = {
  all: [
    { mountpoint: "/c/cpuset", controllers: ["cpuset"] },
    { mountpoint: "/c/cpu,cpuacct", controllers: ["cpu", "cpuacct"] },
    { mountpoint: "/c/devices", controllers: ["devices"] },
    { mountpoint: "/c/unified", controllers: [] },
  ],
  byController: new Map([
    ["cpuset", "/c/cpuset"],
    ["cpu", "/c/cpu,cpuacct"],
    ["cpuacct", "/c/cpu,cpuacct"],
    ["devices", "/c/devices"],
  ]),
};

test("every hierarchy's group, what it inherits, then the limits in their order", () => {
  const writes = v1Limits({ devices: [{ allow: false }], cpu: { shares: 512, cpus: "1" } });
  expect(v1Creation(roots, "/berth/one", writes)).toEqual([
    { kind: "mkdir", path: "/c/cpuset/berth/one" },
    { kind: "copy", path: "/c/cpuset/berth/cpuset.cpus", to: "/c/cpuset/berth/one/cpuset.cpus" },
    { kind: "copy", path: "/c/cpuset/berth/cpuset.mems", to: "/c/cpuset/berth/one/cpuset.mems" },
    { kind: "mkdir", path: "/c/cpu,cpuacct/berth/one" },
    { kind: "mkdir", path: "/c/devices/berth/one" },
    { kind: "mkdir", path: "/c/unified/berth/one" },
    { kind: "write", path: "/c/devices/berth/one/devices.deny", value: "a" },
    { kind: "write", path: "/c/cpu,cpuacct/berth/one/cpu.shares", value: "512" },
    { kind: "write", path: "/c/cpuset/berth/one/cpuset.cpus", value: "1" },
  ]);
  expect(v1Creation(roots, "/one", [])?.[1]).toMatchObject({ path: "/c/cpuset/cpuset.cpus" });
});

test("not for a controller that the machine lacks, nor for shares that the kernel would change", () => {
  expect(v1Creation(roots, "/berth/one", v1Limits({ pids: { limit: 3 } }))).toBeUndefined();
  for (const shares of [1, 262_145])
    expect(v1Creation(roots, "/berth/one", v1Limits({ cpu: { shares } }))).toBeUndefined();
});
