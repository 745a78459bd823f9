import type { ContainerContexts } from "#runtime/selinux/container-labels.ts";

/** What the engine tells about, and checks against, the machine it runs on. Read once at start. */
export interface MachineFacts {
  readonly hostname: string;
  readonly kernelVersion: string;
  /** PRETTY_NAME of /etc/os-release. */
  readonly operatingSystem: string;
  readonly osVersion: string;
  /** uname machine: `x86_64`, `aarch64`. */
  readonly machine: string;
  /** Go's name of it: `amd64`, `arm64`. */
  readonly architecture: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly memoryNodes: number;
  /** What the data root lies on, as Docker names file systems. */
  readonly backingFileSystem: string;
  readonly cgroupVersion: 1 | 2;
  readonly cgroupControllers: readonly string[];
  readonly seccomp: boolean;
  readonly apparmor: boolean;
  /** What SELinux's policy says of containers; undefined: they have no labels. */
  readonly selinux: ContainerContexts | undefined;
  readonly cgroupNamespaces: boolean;
  /** The data root's file system keeps project quotas. */
  readonly projectQuota: boolean;
  /** Existing `/sys/devices/system/cpu/cpuN/thermal_throttle`, which are masked. */
  readonly thermalThrottlePaths: readonly string[];
}
