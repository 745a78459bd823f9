import type { Uint64 } from "./uint64.ts";

export interface CpuStats {
  readonly cpu_usage: {
    /** Nanoseconds, as are the other times. */
    readonly total_usage: Uint64;
    /** cgroup v1 alone. */
    readonly percpu_usage?: readonly Uint64[];
    readonly usage_in_kernelmode: Uint64;
    readonly usage_in_usermode: Uint64;
  };
  /** Of the whole machine, idle time included. */
  readonly system_cpu_usage?: Uint64;
  readonly online_cpus?: number;
  readonly throttling_data: {
    readonly periods: Uint64;
    readonly throttled_periods: Uint64;
    readonly throttled_time: Uint64;
  };
}

export interface BlkioEntry {
  readonly major: number;
  readonly minor: number;
  /** v1 `Read`, `Write`, `Sync`, …; v2 `read` and `write`. */
  readonly op: string;
  readonly value: Uint64;
}

/** Null: this kind of control group does not count it. */
export interface BlkioStats {
  readonly io_service_bytes_recursive: readonly BlkioEntry[] | null;
  readonly io_serviced_recursive: readonly BlkioEntry[] | null;
  readonly io_queue_recursive: readonly BlkioEntry[] | null;
  readonly io_service_time_recursive: readonly BlkioEntry[] | null;
  readonly io_wait_time_recursive: readonly BlkioEntry[] | null;
  readonly io_merged_recursive: readonly BlkioEntry[] | null;
  readonly io_time_recursive: readonly BlkioEntry[] | null;
  readonly sectors_recursive: readonly BlkioEntry[] | null;
}

export interface MemoryStats {
  readonly usage?: Uint64;
  /** v1 alone. */
  readonly max_usage?: Uint64;
  /** Counters of the kernel's memory.stat. */
  readonly stats?: Readonly<Record<string, Uint64>>;
  readonly failcnt?: Uint64;
  /** The machine's memory when the container has no limit. */
  readonly limit?: Uint64;
}

export interface NetworkStats {
  readonly rx_bytes: Uint64;
  readonly rx_packets: Uint64;
  readonly rx_errors: Uint64;
  readonly rx_dropped: Uint64;
  readonly tx_bytes: Uint64;
  readonly tx_packets: Uint64;
  readonly tx_errors: Uint64;
  readonly tx_dropped: Uint64;
}

/** One sample of `GET /containers/{id}/stats`. */
export interface StatsResponse {
  /** RFC 3339 with nanoseconds, `0001-01-01T00:00:00Z` for a container that does not run. */
  readonly read: string;
  /** Of the sample before, from which the `precpu_stats` are. */
  readonly preread: string;
  readonly pids_stats: { readonly current?: Uint64; readonly limit?: Uint64 };
  readonly blkio_stats: BlkioStats;
  readonly num_procs: number;
  readonly storage_stats: Readonly<Record<string, never>>;
  readonly cpu_stats: CpuStats;
  readonly precpu_stats: CpuStats;
  readonly memory_stats: MemoryStats;
  readonly name: string;
  readonly id: string;
  /** Since API 1.52. */
  readonly os_type?: "linux";
  readonly networks?: Readonly<Record<string, NetworkStats>>;
}
