import { CgroupV1Manager } from "./cgroup-v1.ts";
import { CgroupV2Manager } from "./cgroup-v2.ts";
import { detectLayout } from "./layout.ts";
import type { CgroupManager } from "./types.ts";

/** The control groups of this machine. `unavailable` when none are mounted. */
export function openCgroups(): CgroupManager {
  const layout = detectLayout();
  return layout.version === 2 && layout.unified !== undefined
    ? new CgroupV2Manager(layout.unified)
    : new CgroupV1Manager(layout);
}
