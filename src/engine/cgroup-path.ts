import { cleanPath } from "#base/absolute-path.ts";
import type { ContainerSpec } from "./container/spec.ts";

/** Path of a container's cgroup below the hierarchies; `parent`: of those that name none. */
export function cgroupPathOf({ id, hostConfig }: ContainerSpec, parent: string): string {
  // docker-compat: a relative parent, or one with "..", starts at the root.
  return cleanPath(`/${hostConfig.CgroupParent || parent}/${id}`);
}
