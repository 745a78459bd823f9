import { existsSync, readdirSync } from "node:fs";
import { BerthError } from "#base/errors.ts";
import type { CgroupFeatures, CgroupManager } from "../cgroup/types.ts";
import { detectLayout, type V1Hierarchy } from "../cgroup/layout.ts";
import { readTextFileMaybe } from "../files/files.ts";

/** What compiling a container's launch must know about this machine and this process; read once at start. */
export interface RuntimeFacts {
  /** uname machine. */
  readonly machine: "x86_64" | "aarch64";
  readonly kernel: KernelVersion;
  /** Bit n = capability n is in this process's permitted and bounding sets: what it can hand on. */
  readonly capabilities: bigint;
  /** Newest capability the kernel has, /proc/sys/kernel/cap_last_cap. */
  readonly lastCapability: number;
  readonly cgroupVersion: 1 | 2;
  /** Limits this machine can set. */
  readonly cgroupFeatures: CgroupFeatures;
  /** v1 hierarchies as mounted on the host, empty on v2. */
  readonly cgroupHierarchies: readonly V1Hierarchy[];
  /** Where cgroup2 is mounted, if it is. */
  readonly unifiedMountpoint: string | undefined;
  readonly namespaces: { readonly user: boolean; readonly cgroup: boolean; readonly time: boolean };
  readonly seccomp: boolean;
  readonly apparmor: boolean;
  /** apparmor_parser(8), which turns profiles into what the kernel takes; undefined without AppArmor. */
  readonly apparmorParser: string | undefined;
  /** With a policy. */
  readonly selinux: boolean;
  /** This process's own value: without CAP_SYS_RESOURCE no child can have a lower one. */
  readonly oomScoreAdj: number;
  /** This process's hard limits, `RLIMIT_*` name -> value (2^64-1 = infinity): without CAP_SYS_RESOURCE no child can get more. */
  readonly hardLimits: Readonly<Record<string, bigint>>;
  /** Existing `/sys/devices/system/cpu/cpuN/thermal_throttle`: Docker masks them. */
  readonly thermalThrottlePaths: readonly string[];
  /** Sysctls that exist, of those that are set by default. */
  readonly pingGroupRange: boolean;
  readonly unprivilegedPortStart: boolean;
}

export interface KernelVersion {
  readonly major: number;
  readonly minor: number;
}

export function kernelAtLeast(kernel: KernelVersion, major: number, minor: number): boolean {
  return kernel.major > major || (kernel.major === major && kernel.minor >= minor);
}

/** `6.1.0-18-amd64` -> 6.1. */
export function parseKernelVersion(release: string): KernelVersion {
  const match = /^(\d+)\.(\d+)/u.exec(release);
  return { major: Number(match?.[1] ?? 0), minor: Number(match?.[2] ?? 0) };
}

/** Lines of /proc/PID/limits, proc_pid_limits(5), under their RLIMIT names. */
function parseHardLimits(text: string): Readonly<Record<string, bigint>> {
  const out: Record<string, bigint> = {};
  for (const [title, name] of Object.entries(limitTitles)) {
    const line = text.split("\n").find((row) => row.startsWith(`${title} `));
    const hard = /^\s+\S+\s+(\S+)/u.exec(line?.slice(title.length) ?? "")?.[1];
    if (hard !== undefined) out[name] = hard === "unlimited" ? 2n ** 64n - 1n : BigInt(hard);
  }
  return out;
}

const limitTitles: Readonly<Record<string, string>> = {
  "Max cpu time": "RLIMIT_CPU",
  "Max file size": "RLIMIT_FSIZE",
  "Max data size": "RLIMIT_DATA",
  "Max stack size": "RLIMIT_STACK",
  "Max core file size": "RLIMIT_CORE",
  "Max resident set": "RLIMIT_RSS",
  "Max processes": "RLIMIT_NPROC",
  "Max open files": "RLIMIT_NOFILE",
  "Max locked memory": "RLIMIT_MEMLOCK",
  "Max address space": "RLIMIT_AS",
  "Max file locks": "RLIMIT_LOCKS",
  "Max pending signals": "RLIMIT_SIGPENDING",
  "Max msgqueue size": "RLIMIT_MSGQUEUE",
  "Max nice priority": "RLIMIT_NICE",
  "Max realtime priority": "RLIMIT_RTPRIO",
  "Max realtime timeout": "RLIMIT_RTTIME",
};

/** `not-implemented` on a machine that is neither x86_64 nor arm64. */
export function readRuntimeFacts(cgroups: CgroupManager): RuntimeFacts {
  const machine = process.arch === "x64" ? "x86_64" : process.arch === "arm64" ? "aarch64" : undefined;
  if (machine === undefined)
    throw new BerthError("not-implemented", `containers on ${process.arch} machines are not supported`);
  const read = (path: string): string => readTextFileMaybe(path, 1 << 20) ?? "";
  const status = read("/proc/self/status");
  const set = (name: string): bigint =>
    BigInt(`0x${new RegExp(`^${name}:\\s*([0-9a-f]+)`, "mu").exec(status)?.[1] ?? "0"}`);
  const apparmor = read("/sys/module/apparmor/parameters/enabled").startsWith("Y");
  const layout = detectLayout();
  return {
    machine,
    kernel: parseKernelVersion(read("/proc/sys/kernel/osrelease")),
    capabilities: set("CapPrm") & set("CapBnd"),
    lastCapability: Number(read("/proc/sys/kernel/cap_last_cap").trim() || "37"),
    cgroupVersion: cgroups.version,
    cgroupFeatures: cgroups.features(),
    cgroupHierarchies: layout.hierarchies,
    unifiedMountpoint: layout.unified,
    namespaces: {
      user: existsSync("/proc/self/ns/user") && Number(read("/proc/sys/user/max_user_namespaces").trim() || "0") > 0,
      cgroup: existsSync("/proc/self/ns/cgroup"),
      time: existsSync("/proc/self/ns/time"),
    },
    seccomp: /^Seccomp:/mu.test(status),
    apparmor,
    apparmorParser: apparmor ? parserPaths.find((path) => existsSync(path)) : undefined,
    selinux: hasSelinux(read),
    oomScoreAdj: Number(read("/proc/self/oom_score_adj").trim() || "0"),
    hardLimits: parseHardLimits(read("/proc/self/limits")),
    thermalThrottlePaths: thermalThrottlePaths(),
    pingGroupRange: existsSync("/proc/sys/net/ipv4/ping_group_range"),
    unprivilegedPortStart: existsSync("/proc/sys/net/ipv4/ip_unprivileged_port_start"),
  };
}

/**
 * `kernel` is what everything is called until a policy is loaded. AppArmor has the same file, and it cannot be read where
 * the kernel has no such module.
 */
const hasSelinux = (read: (path: string) => string): boolean =>
  existsSync("/sys/fs/selinux/enforce") && !/^kernel\0?$/u.test(read("/proc/thread-self/attr/current"));

const parserPaths = ["/sbin/apparmor_parser", "/usr/sbin/apparmor_parser"];

function thermalThrottlePaths(): readonly string[] {
  const folder = "/sys/devices/system/cpu";
  const cpus = existsSync(folder) ? readdirSync(folder).filter((name) => /^cpu\d+$/u.test(name)) : [];
  return cpus.map((cpu) => `${folder}/${cpu}/thermal_throttle`).filter((path) => existsSync(path));
}
