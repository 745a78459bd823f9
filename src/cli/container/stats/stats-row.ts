import { shortId } from "#base/ids.ts";
import { binarySize, decimalSize } from "#base/units.ts";
import type { BlkioStats, MemoryStats, StatsResponse } from "#spec/docker/stats.ts";
import type { Row } from "../../format/format-list.ts";

/** A container in the table: what it was called by, and its last sample while there is one. */
export interface Watched {
  readonly reference: string;
  readonly last: StatsResponse | undefined;
  /** Its samples have come to an end. */
  readonly lost: boolean;
}

const UNKNOWN = "--";

/** A container as `stats --format` sees it. */
export function statsRow({ reference, last, lost }: Watched, truncate: boolean): Row {
  const name = (last?.name ?? "").slice(1) || UNKNOWN;
  const id = last?.id ?? "";
  const cells = last === undefined || lost ? unknownCells : knownCells(last);
  return {
    BlockIO: cells.BlockIO,
    CPUPerc: cells.CPUPerc,
    Container: reference,
    ID: truncate ? shortId(id) : id,
    MemPerc: cells.MemPerc,
    MemUsage: cells.MemUsage,
    Name: name,
    NetIO: cells.NetIO,
    PIDs: cells.PIDs,
  };
}

const unknownCells = {
  BlockIO: UNKNOWN,
  CPUPerc: UNKNOWN,
  MemPerc: UNKNOWN,
  MemUsage: `${UNKNOWN} / ${UNKNOWN}`,
  NetIO: UNKNOWN,
  PIDs: UNKNOWN,
};

function knownCells(sample: StatsResponse): typeof unknownCells {
  const usage = usageOf(sample);
  const { memoryBytes, limitBytes } = usage;
  return {
    BlockIO: `${decimalSize(usage.readBytes, 3)} / ${decimalSize(usage.writtenBytes, 3)}`,
    CPUPerc: `${usage.cpuPercent.toFixed(2)}%`,
    MemPerc: `${(limitBytes === 0 ? 0 : (memoryBytes / limitBytes) * 100).toFixed(2)}%`,
    MemUsage: `${binarySize(memoryBytes)} / ${binarySize(limitBytes)}`,
    NetIO: `${decimalSize(usage.receivedBytes, 3)} / ${decimalSize(usage.sentBytes, 3)}`,
    PIDs: String(usage.pids),
  };
}

/** What a container uses. Network and disk are counted since it started. */
export interface Usage {
  /** Of one processor: two that are busy are 200. */
  readonly cpuPercent: number;
  readonly memoryBytes: number;
  /** The machine's memory when it has no limit. */
  readonly limitBytes: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
  readonly pids: number;
}

export function usageOf(sample: StatsResponse): Usage {
  const networks = Object.values(sample.networks ?? {});
  return {
    cpuPercent: cpuPercent(sample),
    memoryBytes: memoryWithoutCache(sample.memory_stats),
    limitBytes: sample.memory_stats.limit ?? 0,
    receivedBytes: networks.reduce((sum, { rx_bytes }) => sum + rx_bytes, 0),
    sentBytes: networks.reduce((sum, { tx_bytes }) => sum + tx_bytes, 0),
    readBytes: blockBytes(sample.blkio_stats, "r"),
    writtenBytes: blockBytes(sample.blkio_stats, "w"),
    pids: sample.pids_stats.current ?? 0,
  };
}

/** Of one CPU: two that are busy are 200 %. Compared with the sample before, or with nothing. */
function cpuPercent({ cpu_stats: now, precpu_stats: before }: StatsResponse): number {
  const used = now.cpu_usage.total_usage - before.cpu_usage.total_usage;
  const passed = (now.system_cpu_usage ?? 0) - (before.system_cpu_usage ?? 0);
  const cpus = now.online_cpus ?? now.cpu_usage.percpu_usage?.length ?? 0;
  return used > 0 && passed > 0 ? (used / passed) * cpus * 100 : 0;
}

/** The cache that the kernel would give back first is no use of memory: v1 and v2 have other names for it. */
function memoryWithoutCache({ usage = 0, stats = {} }: MemoryStats): number {
  for (const name of ["total_inactive_file", "inactive_file"]) {
    const cache = stats[name];
    if (cache !== undefined && cache < usage) return usage - cache;
    if (name === "total_inactive_file" && cache !== undefined) break;
  }
  return usage;
}

/** v1 says `Read`, v2 `read`. */
function blockBytes({ io_service_bytes_recursive: entries }: BlkioStats, letter: "r" | "w"): number {
  const own = (entries ?? []).filter(({ op }) => op.slice(0, 1).toLowerCase() === letter);
  return own.reduce((sum, { value }) => sum + value, 0);
}
