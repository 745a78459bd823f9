import { capabilityNames } from "#runtime/compile/capabilities.ts";
import { mountOptionNames } from "#runtime/compile/mount-options.ts";
import { defaultCapabilities } from "#runtime/docker/capabilities.ts";
import { OCI_RUNTIME_VERSION, type Features, type RuntimeSpec } from "#spec/oci/runtime.ts";

/** What `features` prints (features.md): what this program can do, whatever the machine. */
export const features: Features = {
  ociVersionMin: "1.0.0",
  ociVersionMax: OCI_RUNTIME_VERSION,
  hooks: ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"],
  mountOptions: mountOptionNames,
  linux: {
    namespaces: ["cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"],
    capabilities: capabilityNames,
    cgroup: { v1: true, v2: true, systemd: false, systemdUser: false, rdma: true },
    seccomp: {
      enabled: true,
      actions: [
        "SCMP_ACT_ALLOW",
        "SCMP_ACT_ERRNO",
        "SCMP_ACT_KILL",
        "SCMP_ACT_KILL_PROCESS",
        "SCMP_ACT_KILL_THREAD",
        "SCMP_ACT_LOG",
        "SCMP_ACT_NOTIFY",
        "SCMP_ACT_TRACE",
        "SCMP_ACT_TRAP",
      ],
      operators: [
        "SCMP_CMP_EQ",
        "SCMP_CMP_GE",
        "SCMP_CMP_GT",
        "SCMP_CMP_LE",
        "SCMP_CMP_LT",
        "SCMP_CMP_MASKED_EQ",
        "SCMP_CMP_NE",
      ],
      archs: ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM", "SCMP_ARCH_X32", "SCMP_ARCH_X86", "SCMP_ARCH_X86_64"],
      knownFlags: [
        "SECCOMP_FILTER_FLAG_LOG",
        "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
        "SECCOMP_FILTER_FLAG_TSYNC",
        "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
      ],
      supportedFlags: [
        "SECCOMP_FILTER_FLAG_LOG",
        "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
        "SECCOMP_FILTER_FLAG_TSYNC",
        "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
      ],
    },
    apparmor: { enabled: true },
    selinux: { enabled: true },
    intelRdt: { enabled: false },
    memoryPolicy: {
      modes: [
        "MPOL_DEFAULT",
        "MPOL_BIND",
        "MPOL_INTERLEAVE",
        "MPOL_WEIGHTED_INTERLEAVE",
        "MPOL_PREFERRED",
        "MPOL_PREFERRED_MANY",
        "MPOL_LOCAL",
      ],
      flags: ["MPOL_F_NUMA_BALANCING", "MPOL_F_RELATIVE_NODES", "MPOL_F_STATIC_NODES"],
    },
    mountExtensions: { idmap: { enabled: true } },
    netDevices: { enabled: true },
  },
};

/** What `spec` writes: a shell in every namespace but user and time, with Docker's capabilities. */
export const exampleSpec: RuntimeSpec = {
  ociVersion: OCI_RUNTIME_VERSION,
  process: {
    terminal: true,
    user: { uid: 0, gid: 0 },
    args: ["sh"],
    env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"],
    cwd: "/",
    capabilities: { bounding: defaultCapabilities, effective: defaultCapabilities, permitted: defaultCapabilities },
    rlimits: [{ type: "RLIMIT_NOFILE", hard: 1024, soft: 1024 }],
    noNewPrivileges: true,
  },
  root: { path: "rootfs", readonly: true },
  hostname: "berth",
  mounts: [
    { destination: "/proc", type: "proc", source: "proc" },
    {
      destination: "/dev",
      type: "tmpfs",
      source: "tmpfs",
      options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
    },
    {
      destination: "/dev/pts",
      type: "devpts",
      source: "devpts",
      options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
    },
    {
      destination: "/dev/shm",
      type: "tmpfs",
      source: "shm",
      options: ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"],
    },
    { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"] },
    { destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"] },
    {
      destination: "/sys/fs/cgroup",
      type: "cgroup",
      source: "cgroup",
      options: ["nosuid", "noexec", "nodev", "relatime", "ro"],
    },
  ],
  linux: {
    resources: { devices: [{ allow: false, access: "rwm" }] },
    namespaces: [
      { type: "pid" },
      { type: "network" },
      { type: "ipc" },
      { type: "uts" },
      { type: "mount" },
      { type: "cgroup" },
    ],
    maskedPaths: [
      "/proc/acpi",
      "/proc/asound",
      "/proc/kcore",
      "/proc/keys",
      "/proc/latency_stats",
      "/proc/timer_list",
      "/proc/timer_stats",
      "/proc/sched_debug",
      "/sys/firmware",
      "/proc/scsi",
    ],
    readonlyPaths: ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
  },
};

/**
 * What `spec --rootless` writes: {@link exampleSpec} in a user namespace where `uid` and `gid` of the host are root, with
 * the host's network and /sys, and without limits, which an ordinary user cannot set.
 */
export function rootlessSpec(uid: number, gid: number): RuntimeSpec {
  const { resources: _resources, ...linux } = exampleSpec.linux ?? {};
  return {
    ...exampleSpec,
    mounts: (exampleSpec.mounts ?? [])
      .map((mount) =>
        mount.destination === "/sys"
          ? { destination: "/sys", type: "none", source: "/sys", options: ["rbind", "nosuid", "noexec", "nodev", "ro"] }
          : {
              ...mount,
              ...(mount.options === undefined ? {} : { options: mount.options.filter((o) => o !== "gid=5") }),
            },
      )
      .filter(({ destination }) => destination !== "/sys/fs/cgroup"),
    linux: {
      ...linux,
      namespaces: [
        ...(linux.namespaces ?? []).filter(({ type }) => type !== "network" && type !== "cgroup"),
        { type: "user" },
      ],
      uidMappings: [{ containerID: 0, hostID: uid, size: 1 }],
      gidMappings: [{ containerID: 0, hostID: gid, size: 1 }],
    },
  };
}
