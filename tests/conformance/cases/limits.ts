import { fieldTable, refusalTable, type FieldRow, type RefusalRow } from "../field-table.ts";
import type { Target } from "../target.ts";

/** Files of cgroup v1, or the one of v2 with the same meaning. */
const v1 = (...files: readonly string[]): string => `cd /sys/fs/cgroup; cat ${files.join(" ")}`;

const rows: readonly FieldRow[] = [
  {
    name: "--cpu-period, --cpu-quota, --cpu-shares, --cpuset-cpus, --cpuset-mems",
    flags: [
      "--cpu-period",
      "50000",
      "--cpu-quota",
      "25000",
      "--cpu-shares",
      "512",
      "--cpuset-cpus",
      "0",
      "--cpuset-mems",
      "0",
    ],
    inspect: [
      "{{with .HostConfig}}{{.CpuPeriod}} {{.CpuQuota}} {{.CpuShares}} {{.CpusetCpus}} {{.CpusetMems}}{{end}}",
      "50000 25000 512 0 0\n",
    ],
    line: v1(
      "cpu/cpu.cfs_period_us",
      "cpu/cpu.cfs_quota_us",
      "cpu/cpu.shares",
      "cpuset/cpuset.cpus",
      "cpuset/cpuset.mems",
    ),
    prints: "50000\n25000\n512\n0\n0\n",
  },
  {
    name: "--cpus",
    flags: ["--cpus", "1.5"],
    inspect: ["{{.HostConfig.NanoCpus}}", "1500000000\n"],
    line: v1("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us"),
    prints: "150000\n100000\n",
  },
  {
    name: "--memory with its companions",
    flags: [
      "-m",
      "64m",
      "--memory-reservation",
      "32m",
      "--memory-swap",
      "128m",
      "--memory-swappiness",
      "10",
      "--oom-kill-disable",
    ],
    inspect: [
      "{{with .HostConfig}}{{.Memory}} {{.MemoryReservation}} {{.MemorySwap}} {{.MemorySwappiness}} {{.OomKillDisable}}{{end}}",
      "67108864 33554432 134217728 10 true\n",
    ],
    line: `${v1("memory/memory.limit_in_bytes", "memory/memory.soft_limit_in_bytes", "memory/memory.memsw.limit_in_bytes", "memory/memory.swappiness")}; head -1 memory/memory.oom_control`,
    prints: "67108864\n33554432\n134217728\n10\noom_kill_disable 1\n",
  },
  {
    name: "--memory-swap is twice the memory by default",
    flags: ["-m", "64m"],
    inspect: ["{{.HostConfig.MemorySwap}}", "134217728\n"],
    line: v1("memory/memory.memsw.limit_in_bytes"),
    prints: "134217728\n",
  },
  {
    name: "--memory-swap -1",
    flags: ["-m", "64m", "--memory-swap", "-1"],
    inspect: ["{{.HostConfig.MemorySwap}}", "-1\n"],
    line: v1("memory/memory.memsw.limit_in_bytes"),
    prints: "9223372036854771712\n",
  },
  {
    name: "rates of block devices",
    flags: [
      "--device-read-bps",
      "/dev/loop0:1mb",
      "--device-write-bps",
      "/dev/loop0:2mb",
      "--device-read-iops",
      "/dev/loop0:10",
      "--device-write-iops",
      "/dev/loop0:20",
    ],
    inspect: [
      "{{with .HostConfig}}{{len .BlkioDeviceReadBps}}{{len .BlkioDeviceWriteBps}}{{len .BlkioDeviceReadIOps}}{{len .BlkioDeviceWriteIOps}}{{end}}",
      "1111\n",
    ],
    line: v1(
      ...["read_bps", "write_bps", "read_iops", "write_iops"].map((kind) => `blkio/blkio.throttle.${kind}_device`),
    ),
    prints: "7:0 1048576\n7:0 2097152\n7:0 10\n7:0 20\n",
  },
  ...[
    ["20", "20", "20"],
    ["-1", "null", "max"],
    ["0", "null", "max"],
  ].map(([limit = "", inspected = "", inside = ""]): FieldRow => ({
    name: `--pids-limit ${limit}`,
    flags: ["--pids-limit", limit],
    inspect: ["{{json .HostConfig.PidsLimit}}", `${inspected}\n`],
    line: v1("pids/pids.max"),
    prints: `${inside}\n`,
  })),
  {
    name: "--ulimit, unlimited too",
    flags: [
      "--ulimit",
      "nofile=100:200",
      "--ulimit",
      "nproc=50",
      "--ulimit",
      "stack=8192000",
      "--ulimit",
      "core=-1:-1",
    ],
    line: "ulimit -Sn; ulimit -Hn; ulimit -u; ulimit -s; ulimit -c",
    prints: "100\n200\n50\n8000\nunlimited\n",
  },
  ...[
    ["net.core.somaxconn", "99"],
    ["kernel.msgmax", "100"],
    ["fs.mqueue.msg_max", "20"],
  ].map(([name = "", value = ""]): FieldRow => ({
    name: `--sysctl ${name}`,
    flags: ["--sysctl", `${name}=${value}`],
    inspect: [`{{index .HostConfig.Sysctls "${name}"}}`, `${value}\n`],
    line: `cat /proc/sys/${name.replaceAll(".", "/")}`,
    prints: `${value}\n`,
  })),
  ...[
    ["1000", "1000 0 / 0"],
    ["1000:1000", "1000 1000 / 1000"],
    [":5", "0 5 /root 5"],
    ["1000:daemon", "1000 1 / 1"],
    ["daemon:99", "1 99 /usr/sbin 99"],
  ].map(([user = "", prints = ""]): FieldRow => ({
    name: `-u ${user}`,
    flags: ["-u", user],
    inspect: ["{{.Config.User}}", `${user}\n`],
    line: "echo $(id -u) $(id -g) $HOME $(id -G)",
    prints: `${prints}\n`,
  })),
  {
    name: "capabilities are inspected by their full names",
    flags: ["--cap-add", "net_admin", "--cap-add", "CAP_SYS_TIME", "--cap-drop", "all"],
    inspect: ["{{.HostConfig.CapAdd}} {{.HostConfig.CapDrop}}", "[CAP_NET_ADMIN CAP_SYS_TIME] [ALL]\n"],
  },
  {
    name: "--privileged takes labels and masks away",
    flags: ["--privileged"],
    inspect: [
      "{{.HostConfig.SecurityOpt}} {{.HostConfig.MaskedPaths}} {{.HostConfig.ReadonlyPaths}}",
      "[label=disable] [] []\n",
    ],
  },
  {
    name: "read-only paths are inspected",
    flags: [],
    inspect: ["{{.HostConfig.ReadonlyPaths}}", "[/proc/bus /proc/fs /proc/irq /proc/sys /proc/sysrq-trigger]\n"],
  },
  {
    name: "systempaths=unconfined",
    flags: ["--security-opt", "systempaths=unconfined"],
    inspect: ["{{.HostConfig.MaskedPaths}} {{.HostConfig.ReadonlyPaths}} {{.HostConfig.SecurityOpt}}", "[] [] []\n"],
    line: "grep -c ' /proc/' /proc/mounts || true",
    prints: "0\n",
  },
  {
    name: "--stop-signal and --stop-timeout",
    flags: ["--stop-signal", "RTMIN+3", "--stop-timeout", "3"],
    inspect: ["{{.Config.StopSignal}} {{.Config.StopTimeout}}", "RTMIN+3 3\n"],
  },
];

const refusals: readonly RefusalRow[] = [
  {
    name: "CPUs that are not there",
    flags: ["--cpuset-cpus", "99"],
    says: /Requested CPUs are not available - requested 99, available: 0/,
  },
  {
    name: "memory nodes that are not there",
    flags: ["--cpuset-mems", "99"],
    says: "Requested memory nodes are not available - requested 99, available: 0",
  },
  { name: "a CPU set that is none", flags: ["--cpuset-cpus", "bogus"], says: "Invalid value bogus for cpuset cpus" },
  {
    name: "a period below a millisecond",
    flags: ["--cpu-period", "1"],
    says: "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)",
  },
  {
    name: "a quota below a millisecond",
    flags: ["--cpu-quota", "1"],
    says: "CPU cfs quota can not be less than 1ms (i.e. 1000)",
  },
  {
    name: "more CPUs than there are",
    flags: ["--cpus", "9999"],
    says: /range of CPUs is from 0.01 to \d+.00, as there are only \d+ CPUs available/i,
  },
  {
    name: "--cpus with a period",
    flags: ["--cpus", "1", "--cpu-period", "10000"],
    says: "Conflicting options: Nano CPUs and CPU Period cannot both be set",
  },
  { name: "too little memory", flags: ["-m", "1m"], says: "Minimum memory limit allowed is 6MB" },
  {
    name: "swap without memory",
    flags: ["--memory-swap", "64m"],
    says: "You should always set the Memory limit when using Memoryswap limit, see usage",
  },
  {
    name: "less swap than memory",
    flags: ["-m", "64m", "--memory-swap", "32m"],
    says: "Minimum memoryswap limit should be larger than memory limit, see usage",
  },
  {
    name: "too small a reservation",
    flags: ["--memory-reservation", "1m"],
    says: "Minimum memory reservation allowed is 6MB",
  },
  {
    name: "a reservation above the limit",
    flags: ["-m", "64m", "--memory-reservation", "128m"],
    says: "Minimum memory limit can not be less than memory reservation limit, see usage",
  },
  {
    name: "an OOM score out of range",
    flags: ["--oom-score-adj", "1001"],
    says: "Invalid value 1001, range for oom score adj is [-1000, 1000]",
  },
  {
    name: "a rate of a device that is not there",
    flags: ["--device-read-bps", "/dev/nothing:1mb"],
    says: "stat /dev/nothing: no such file or directory",
    code: 127,
  },
  {
    name: "a sysctl of the host's network",
    flags: ["--network", "host", "--sysctl", "net.ipv4.ip_forward=1"],
    says: 'sysctl "net.ipv4.ip_forward" not allowed in host network namespace',
  },
  {
    name: "a sysctl of the host's IPC",
    flags: ["--ipc", "host", "--sysctl", "kernel.msgmax=100"],
    says: 'sysctl "kernel.msgmax" is not allowed in the hosts ipc namespace',
  },
  {
    name: "a writable view of a size",
    flags: ["--storage-opt", "size=1G"],
    says: "--storage-opt is supported only for overlay over xfs with 'pquota' mount option",
  },
  { name: "an unknown storage option", flags: ["--storage-opt", "bogus=1"], says: /unknown option bogus/i },
  { name: "a negative user", flags: ["-u", "-1"], says: "uids and gids must be in range 0-2147483647" },
  { name: "too big a user", flags: ["-u", "4294967296"], says: "uids and gids must be in range 0-2147483647" },
  {
    name: "an unknown group",
    flags: ["-u", "0:nobody-here"],
    says: "unable to find group nobody-here: no matching entries in group file",
  },
  {
    name: "an unknown group to add",
    flags: ["--group-add", "nobody-here"],
    says: "Unable to find group nobody-here: no matching entries in group file",
  },
  {
    name: "an unknown capability",
    flags: ["--cap-add", "BOGUS"],
    says: 'invalid CapAdd: unknown capability: "CAP_BOGUS"',
  },
  {
    name: "an unknown security option",
    flags: ["--security-opt", "bogus=1"],
    says: 'invalid --security-opt 2: "bogus=1"',
  },
  { name: "an unknown signal", flags: ["--stop-signal", "BOGUS"], says: /invalid signal: BOGUS/i },
  {
    name: "a relative working folder",
    flags: ["-w", "rel"],
    says: "the working directory 'rel' is invalid, it needs to be an absolute path",
  },
];

/** Limits, users and security: what inspect tells, what the kernel was told, what is refused. */
export function limitCases(target: () => Target): void {
  fieldTable(target, rows);
  refusalTable(target, refusals);
}
