import { readTextFile } from "../files/files.ts";

/** USER_HZ is 100 on every Linux machine. */
const nsPerTick = 1e7;

export interface CpuTime {
  /** Time of all CPUs together, idle included, since the machine started. */
  readonly totalNs: number;
  readonly onlineCpus: number;
}

/**
 * proc_stat(5). docker-compat: counted are user, nice, system, idle, iowait, irq and softirq, without what a hypervisor
 * took away.
 */
export function parseCpuTime(stat: string): CpuTime {
  const fields = /^cpu +(.*)$/mu.exec(stat)?.[1]?.split(" ") ?? [];
  const ticks = fields.slice(0, 7).reduce((sum, field) => sum + Number(field), 0);
  return { totalNs: ticks * nsPerTick, onlineCpus: [...stat.matchAll(/^cpu\d+ /gmu)].length };
}

export function readCpuTime(): CpuTime {
  return parseCpuTime(readTextFile("/proc/stat", 4 << 20));
}
