import { readdirSync } from "node:fs";
import { readTextFile } from "../files/files.ts";

/** USER_HZ is 100 on every Linux machine. */
const ticksPerSecond = 100;
const pageBytes = 4096;

/** What this process itself uses. */
export interface ProcessCounters {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly virtualBytes: number;
  readonly threads: number;
  readonly openFiles: number;
  /** Infinity = no limit. */
  readonly maxOpenFiles: number;
  /** Unix seconds. */
  readonly startedAtSeconds: number;
}

/** From /proc/self: proc_pid_stat(5), proc_pid_limits(5), proc_pid_fd(5), and `btime` of proc_stat(5). */
export function readProcessCounters(): ProcessCounters {
  const stat = readTextFile("/proc/self/stat", 4096);
  // The program's name, in parentheses, may hold anything.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const field = (number: number): number => Number(fields[number - 3] ?? 0);
  const bootSeconds = Number(/^btime (\d+)$/mu.exec(readTextFile("/proc/stat", 4 << 20))?.[1] ?? 0);
  const limit = /^Max open files +(\S+)/mu.exec(readTextFile("/proc/self/limits", 16 << 10))?.[1] ?? "unlimited";
  return {
    cpuSeconds: (field(14) + field(15)) / ticksPerSecond,
    residentBytes: field(24) * pageBytes,
    virtualBytes: field(23),
    threads: field(20),
    openFiles: openFiles(),
    maxOpenFiles: limit === "unlimited" ? Number.POSITIVE_INFINITY : Number(limit),
    startedAtSeconds: bootSeconds + field(22) / ticksPerSecond,
  };
}

/** Without the one that counts them. */
function openFiles(): number {
  return readdirSync("/proc/self/fd").length - 1;
}
