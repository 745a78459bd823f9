import { readFileSync } from "node:fs";
import { BerthError } from "#base/errors.ts";
import { unescapeMountPath } from "../mounts/mount-point.ts";

/**
 * How this machine mounts its control groups.
 *
 *   v2:      /sys/fs/cgroup                       (cgroup2: all controllers)
 *   v1:      /sys/fs/cgroup/{memory,cpu,cpuacct…} (one hierarchy or several controllers each, and named ones)
 *   hybrid:  v1 and /sys/fs/cgroup/unified        (cgroup2 without controllers: gives cgroup.kill and cgroup.events)
 */
export interface CgroupLayout {
  readonly version: 1 | 2;
  /** Mount point of cgroup2; on a v1 machine only for killing and tracking. */
  readonly unified: string | undefined;
  readonly hierarchies: readonly V1Hierarchy[];
}

export interface V1Hierarchy {
  /** `["cpu", "cpuacct"]`, or `["name=systemd"]`. */
  readonly controllers: readonly string[];
  readonly mountpoint: string;
}

const knownControllers = new Set(
  "cpu cpuacct cpuset memory pids devices freezer blkio hugetlb net_cls net_prio perf_event rdma misc".split(" "),
);

/** Read a mountinfo text, proc_pid_mountinfo(5). The first mount of a hierarchy counts, as for the kernel's own tools. */
export function parseLayout(mountinfo: string): CgroupLayout {
  let unified: string | undefined;
  const hierarchies: V1Hierarchy[] = [];
  const seen = new Set<string>();
  for (const line of mountinfo.split("\n")) {
    const [before = "", after = ""] = line.split(" - ");
    const mountpoint = unescapeMountPath(before.split(" ")[4] ?? "");
    const [type = "", , superOptions = ""] = after.split(" ");
    if (type === "cgroup2") unified ??= mountpoint;
    if (type !== "cgroup") continue;
    const controllers = superOptions
      .split(",")
      .filter((option) => knownControllers.has(option) || option.startsWith("name="));
    const key = controllers.join(",");
    if (controllers.length === 0 || seen.has(key)) continue;
    seen.add(key);
    hierarchies.push({ controllers, mountpoint });
  }
  const limits = hierarchies.some(({ controllers }) => controllers.some((name) => knownControllers.has(name)));
  return { version: limits ? 1 : 2, unified, hierarchies: limits ? hierarchies : [] };
}

/** The layout of this machine. `unavailable` when no control groups are mounted. */
export function detectLayout(): CgroupLayout {
  const layout = parseLayout(readFileSync("/proc/self/mountinfo", "utf8"));
  if (layout.version === 2 && layout.unified === undefined) {
    throw new BerthError("unavailable", "no control groups are mounted on this machine", {
      hint: "Mount them with `mount -t cgroup2 none /sys/fs/cgroup`.",
    });
  }
  return layout;
}
