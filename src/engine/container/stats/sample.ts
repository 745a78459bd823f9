import type { CgroupStats } from "#host/cgroup/types.ts";
import type { InterfaceCounters } from "#host/facts/interface-counters.ts";
import { formatTime, ZERO_TIME } from "#base/time.ts";
import type { BlkioEntry, BlkioStats, CpuStats, MemoryStats, NetworkStats, StatsResponse } from "#spec/docker/stats.ts";
import { maxUint64, uint64 } from "#spec/docker/uint64.ts";

/** What was read of a running container at one moment. */
export interface Sample {
  readonly readAtNs: bigint;
  readonly cgroupVersion: 1 | 2;
  readonly counters: CgroupStats;
  readonly system: { readonly totalNs: number; readonly onlineCpus: number };
  /** Undefined for a container without interfaces of its own. */
  readonly interfaces: ReadonlyMap<string, InterfaceCounters> | undefined;
}

/**
 * A sample as the API prints it. `undefined` for the sample stands for a container that does not run, for `previous`
 * that there is none. docker-compat: cgroup v1 and v2 differ in shape, as in dockerd.
 */
export function statsResponse(
  container: { readonly id: string; readonly name: string },
  sample: Sample | undefined,
  previous: Sample | undefined,
  machineMemoryBytes: number,
): StatsResponse {
  return {
    read: timeOf(sample),
    preread: timeOf(previous),
    pids_stats: sample === undefined ? {} : pidsStats(sample),
    blkio_stats: blkioStats(sample),
    num_procs: 0,
    storage_stats: {},
    cpu_stats: cpuStats(sample),
    precpu_stats: cpuStats(previous),
    memory_stats: sample === undefined ? {} : memoryStats(sample, machineMemoryBytes),
    name: `/${container.name}`,
    id: container.id,
    os_type: "linux",
    ...(sample?.interfaces === undefined ? {} : { networks: networkStats(sample.interfaces) }),
  };
}

const timeOf = (sample: Sample | undefined): string => (sample === undefined ? ZERO_TIME : formatTime(sample.readAtNs));

function pidsStats({ counters: { pids }, cgroupVersion }: Sample): StatsResponse["pids_stats"] {
  if (pids === undefined) return {};
  // docker-compat: without a limit v1 leaves it out, v2 says the largest number.
  const limit = pids.limit >= 0 ? pids.limit : cgroupVersion === 2 ? maxUint64 : 0;
  return {
    ...(pids.current === 0 ? {} : { current: uint64(pids.current) }),
    ...(limit === 0 ? {} : { limit: uint64(limit) }),
  };
}

function cpuStats(sample: Sample | undefined): CpuStats {
  const cpu = sample?.counters.cpu;
  return {
    cpu_usage: {
      total_usage: uint64(cpu?.usageNs ?? 0),
      ...(cpu === undefined || cpu.perCpuNs.length === 0 ? {} : { percpu_usage: cpu.perCpuNs.map(uint64) }),
      usage_in_kernelmode: uint64(cpu?.systemNs ?? 0),
      usage_in_usermode: uint64(cpu?.userNs ?? 0),
    },
    ...(sample === undefined
      ? {}
      : { system_cpu_usage: uint64(sample.system.totalNs), online_cpus: sample.system.onlineCpus }),
    throttling_data: {
      periods: cpu?.periods ?? 0,
      throttled_periods: cpu?.throttledPeriods ?? 0,
      throttled_time: uint64(cpu?.throttledNs ?? 0),
    },
  };
}

function blkioStats(sample: Sample | undefined): BlkioStats {
  const none: BlkioStats = {
    io_service_bytes_recursive: null,
    io_serviced_recursive: null,
    io_queue_recursive: null,
    io_service_time_recursive: null,
    io_wait_time_recursive: null,
    io_merged_recursive: null,
    io_time_recursive: null,
    sectors_recursive: null,
  };
  if (sample === undefined) return none;
  const { io } = sample.counters;
  const entries = (kind: "bytes" | "operations", ops?: readonly string[]): BlkioEntry[] =>
    io
      .filter((entry) => entry.kind === kind && (ops === undefined || ops.includes(entry.op)))
      .map(({ major, minor, op, value }) => ({ major, minor, op, value: uint64(value) }));
  if (sample.cgroupVersion === 2) {
    const bytes = entries("bytes", ["Read", "Write"]).map((entry) => ({ ...entry, op: entry.op.toLowerCase() }));
    return { ...none, io_service_bytes_recursive: bytes.length === 0 ? null : bytes };
  }
  return {
    io_service_bytes_recursive: entries("bytes"),
    io_serviced_recursive: entries("operations"),
    io_queue_recursive: [],
    io_service_time_recursive: [],
    io_wait_time_recursive: [],
    io_merged_recursive: [],
    io_time_recursive: [],
    sectors_recursive: [],
  };
}

function memoryStats({ counters: { memory }, cgroupVersion }: Sample, machineMemoryBytes: number): MemoryStats {
  if (memory === undefined) return {};
  const limited = memory.limitBytes >= 0 && memory.limitBytes <= machineMemoryBytes;
  const failures = cgroupVersion === 2 ? memory.oomCount : memory.failCount;
  return {
    ...(memory.usageBytes === 0 ? {} : { usage: uint64(memory.usageBytes) }),
    ...(cgroupVersion === 2 || memory.maxUsageBytes === 0 ? {} : { max_usage: uint64(memory.maxUsageBytes) }),
    stats: memoryCounters(memory.stat, cgroupVersion),
    ...(failures === 0 ? {} : { failcnt: uint64(failures) }),
    limit: uint64(limited ? memory.limitBytes : machineMemoryBytes),
  };
}

const v1Counters = [
  ...["active_anon", "active_file", "cache", "dirty", "inactive_anon", "inactive_file", "mapped_file", "pgfault"],
  ...["pgmajfault", "pgpgin", "pgpgout", "rss", "rss_huge", "unevictable", "writeback"],
];
const v2Counters = [
  ...["active_anon", "active_file", "anon", "anon_thp", "file", "file_dirty", "file_mapped", "file_writeback"],
  ...["inactive_anon", "inactive_file", "kernel_stack", "pgactivate", "pgdeactivate", "pgfault", "pglazyfree"],
  ...["pglazyfreed", "pgmajfault", "pgrefill", "pgscan", "pgsteal", "shmem", "slab", "slab_reclaimable"],
  ...["slab_unreclaimable", "sock", "thp_collapse_alloc", "thp_fault_alloc", "unevictable", "workingset_activate"],
  ...["workingset_nodereclaim", "workingset_refault"],
];
/** Counters that newer kernels keep apart for anonymous memory and files. */
const splitCounters = new Set(["workingset_activate", "workingset_refault"]);

function memoryCounters(stat: Readonly<Record<string, number>>, version: 1 | 2): Readonly<Record<string, number>> {
  const names =
    version === 1
      ? [...v1Counters, "hierarchical_memory_limit", "hierarchical_memsw_limit", ...v1Counters.map((n) => `total_${n}`)]
      : v2Counters;
  return Object.fromEntries(names.toSorted().map((name) => [name, uint64(counter(stat, name))]));
}

function counter(stat: Readonly<Record<string, number>>, name: string): number {
  const value = stat[name];
  if (value !== undefined || !splitCounters.has(name)) return value ?? 0;
  return (stat[`${name}_anon`] ?? 0) + (stat[`${name}_file`] ?? 0);
}

function networkStats(interfaces: ReadonlyMap<string, InterfaceCounters>): Readonly<Record<string, NetworkStats>> {
  return Object.fromEntries(
    [...interfaces].map(([name, counters]) => [
      name,
      {
        rx_bytes: uint64(counters.rxBytes),
        rx_packets: uint64(counters.rxPackets),
        rx_errors: uint64(counters.rxErrors),
        rx_dropped: uint64(counters.rxDropped),
        tx_bytes: uint64(counters.txBytes),
        tx_packets: uint64(counters.txPackets),
        tx_errors: uint64(counters.txErrors),
        tx_dropped: uint64(counters.txDropped),
      },
    ]),
  );
}
