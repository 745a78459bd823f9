import type { RuntimeFacts } from "#host/facts/runtime-facts.ts";

const unlimited = 2n ** 64n - 1n;

/** A machine for tests that must not depend on the one they run on: everything there, cgroup v2. */
export const fullMachine: RuntimeFacts = {
  machine: "x86_64",
  kernel: { major: 6, minor: 12 },
  capabilities: (1n << 41n) - 1n,
  lastCapability: 40,
  cgroupVersion: 2,
  cgroupFeatures: {
    memory: true,
    swap: true,
    memoryReservation: true,
    swappiness: false,
    oomKillDisable: false,
    cpuShares: true,
    cpuQuota: true,
    cpuRealtime: false,
    cpuset: true,
    pids: true,
    blockIoWeight: true,
    blockIoThrottle: true,
  },
  cgroupHierarchies: [],
  unifiedMountpoint: "/sys/fs/cgroup",
  namespaces: { user: true, cgroup: true, time: true },
  seccomp: true,
  apparmor: false,
  apparmorParser: undefined,
  selinux: false,
  oomScoreAdj: 0,
  hardLimits: { RLIMIT_NOFILE: 1048576n, RLIMIT_MEMLOCK: unlimited },
  thermalThrottlePaths: ["/sys/devices/system/cpu/cpu0/thermal_throttle"],
  pingGroupRange: true,
  unprivilegedPortStart: true,
};

/** cgroup v1 with combined controllers, no CAP_SYS_RESOURCE: what a development machine may look like. */
export const v1Machine: RuntimeFacts = {
  ...fullMachine,
  capabilities: fullMachine.capabilities & ~(1n << 24n),
  cgroupVersion: 1,
  cgroupFeatures: { ...fullMachine.cgroupFeatures, swappiness: true, oomKillDisable: true },
  cgroupHierarchies: [
    { controllers: ["cpu", "cpuacct"], mountpoint: "/sys/fs/cgroup/cpu,cpuacct" },
    { controllers: ["memory"], mountpoint: "/sys/fs/cgroup/memory" },
    { controllers: ["name=systemd"], mountpoint: "/sys/fs/cgroup/systemd" },
  ],
  unifiedMountpoint: undefined,
  oomScoreAdj: 100,
};
