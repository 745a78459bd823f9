/** What the compiler must know about this machine; read once at start by `readHostFacts` (host/host-facts.ts). */
export interface HostFacts {
  /** uname machine. */
  readonly architecture: "x86_64" | "aarch64";
  readonly kernel: KernelVersion;
  /** Bit n = capability n is in this process's permitted and bounding sets: what it can hand on. */
  readonly capabilities: bigint;
  /** /proc/sys/kernel/cap_last_cap. */
  readonly lastCapability: number;
  readonly cgroupVersion: 1 | 2;
  /** v1 hierarchies as mounted on the host, empty on v2. */
  readonly cgroupHierarchies: readonly CgroupHierarchy[];
  readonly namespaces: { readonly user: boolean; readonly cgroup: boolean; readonly time: boolean };
  readonly seccomp: boolean;
  readonly apparmor: boolean;
  readonly selinux: boolean;
  /** Lowest oom_score_adj this process may set without CAP_SYS_RESOURCE (its own value). */
  readonly oomScoreAdj: number;
  /** Own hard limits (RLIMIT name -> value, 2^64-1 = infinity): without CAP_SYS_RESOURCE no child can get more. */
  readonly rlimits: Readonly<Record<string, bigint>>;
  /** Paths that Docker masks only where they exist: `/sys/devices/system/cpu/cpuN/thermal_throttle`. */
  readonly thermalThrottlePaths: readonly string[];
}

export interface KernelVersion {
  readonly major: number;
  readonly minor: number;
}

/** A cgroup v1 hierarchy: controllers mounted together, e.g. `cpu,cpuacct`, or a named one, `name=systemd`. */
export interface CgroupHierarchy {
  readonly controllers: readonly string[];
  /** Where it is mounted on the host. */
  readonly mountpoint: string;
}

export function kernelAtLeast(kernel: KernelVersion, major: number, minor: number): boolean {
  return kernel.major > major || (kernel.major === major && kernel.minor >= minor);
}
