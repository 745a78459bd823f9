import type { HostFacts } from "#host/facts/host-facts.ts";
import type { ContainerContexts } from "#runtime/selinux/container-labels.ts";

/** What the engine tells about, and checks against, the machine it runs on. Read once at start. */
export interface MachineFacts extends HostFacts {
  /** What the data root lies on, as Docker names file systems. */
  readonly backingFileSystem: string;
  readonly cgroupVersion: 1 | 2;
  readonly cgroupControllers: readonly string[];
  /** What SELinux's policy says of containers; undefined: they have no labels. */
  readonly selinux: ContainerContexts | undefined;
  /** The data root's file system keeps project quotas. */
  readonly projectQuota: boolean;
  /** Existing `/sys/devices/system/cpu/cpuN/thermal_throttle`, which are masked. */
  readonly thermalThrottlePaths: readonly string[];
}
