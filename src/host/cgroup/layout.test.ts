import { expect, test } from "bun:test";
import { parseLayout } from "./layout.ts";

const v2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate";
const v1 = `32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd
41 31 0:38 / /sys/fs/cgroup/with\\040space rw - cgroup cgroup rw,memory
42 31 0:38 / /elsewhere rw - cgroup cgroup rw,memory`;
const unified = "43 31 0:39 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw";

test("pure v2", () => {
  expect(parseLayout(v2)).toEqual({ version: 2, unified: "/sys/fs/cgroup", hierarchies: [] });
});

test("v1 and hybrid", () => {
  const hierarchies = [
    { controllers: ["cpu", "cpuacct"], mountpoint: "/sys/fs/cgroup/cpu,cpuacct" },
    { controllers: ["name=systemd"], mountpoint: "/sys/fs/cgroup/systemd" },
    { controllers: ["memory"], mountpoint: "/sys/fs/cgroup/with space" },
  ];
  expect(parseLayout(v1)).toEqual({ version: 1, unified: undefined, hierarchies });
  expect(parseLayout(`${v1}\n${unified}`)).toEqual({ version: 1, unified: "/sys/fs/cgroup/unified", hierarchies });
});

test("v2 beside a named v1 hierarchy is v2", () => {
  expect(parseLayout(`${v2}\n40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd`).version).toBe(2);
});
