import { parseFlat, parseNumber } from "./parse-control.ts";
import type { CgroupStats } from "./types.ts";

/** What the kernel says for "no limit" is the largest number of whole pages; every such number is above this one. */
const unlimitedBytes = 2 ** 62;

/** USER_HZ is 100 on every Linux machine. */
const nsPerTick = 1e7;

/** Counters of a v1 group; `read` gives a file's text, undefined when there is no such controller or file. */
export function v1Stats(read: (controller: string, file: string) => string | undefined): CgroupStats {
  const number = (controller: string, file: string): number | undefined => parseNumber(read(controller, file));
  const flat = (controller: string, file: string): Readonly<Record<string, number>> =>
    parseFlat(read(controller, file) ?? "");
  return {
    cpu: cpuStats(number, flat, read),
    memory: memoryStats(number, flat),
    pids: pidsStats(number),
    io: [
      ...blockCounters(read("blkio", "blkio.throttle.io_service_bytes_recursive"), "bytes"),
      ...blockCounters(read("blkio", "blkio.throttle.io_serviced_recursive"), "operations"),
    ],
  };
}

type ReadNumber = (controller: string, file: string) => number | undefined;
type ReadFlat = (controller: string, file: string) => Readonly<Record<string, number>>;

function cpuStats(
  number: ReadNumber,
  flat: ReadFlat,
  read: (controller: string, file: string) => string | undefined,
): CgroupStats["cpu"] {
  const usageNs = number("cpuacct", "cpuacct.usage");
  if (usageNs === undefined) return undefined;
  const ticks = flat("cpuacct", "cpuacct.stat");
  const throttle = flat("cpu", "cpu.stat");
  const perCpu = read("cpuacct", "cpuacct.usage_percpu") ?? "";
  return {
    usageNs,
    userNs: (ticks["user"] ?? 0) * nsPerTick,
    systemNs: (ticks["system"] ?? 0) * nsPerTick,
    perCpuNs: perCpu === "" ? [] : perCpu.trim().split(/\s+/u).map(Number),
    periods: throttle["nr_periods"] ?? 0,
    throttledPeriods: throttle["nr_throttled"] ?? 0,
    throttledNs: throttle["throttled_time"] ?? 0,
  };
}

function memoryStats(number: ReadNumber, flat: ReadFlat): CgroupStats["memory"] {
  const usageBytes = number("memory", "memory.usage_in_bytes");
  if (usageBytes === undefined) return undefined;
  const limit = number("memory", "memory.limit_in_bytes") ?? -1;
  return {
    usageBytes,
    maxUsageBytes: number("memory", "memory.max_usage_in_bytes") ?? 0,
    limitBytes: limit >= unlimitedBytes ? -1 : limit,
    failCount: number("memory", "memory.failcnt") ?? 0,
    oomCount: 0,
    stat: flat("memory", "memory.stat"),
  };
}

function pidsStats(number: ReadNumber): CgroupStats["pids"] {
  const current = number("pids", "pids.current");
  return current === undefined ? undefined : { current, limit: number("pids", "pids.max") ?? -1 };
}

/** `8:0 Read 4096` lines; the sum over all devices at the end is left out. */
function blockCounters(text: string | undefined, kind: "bytes" | "operations"): CgroupStats["io"] {
  return (text ?? "").split("\n").flatMap((line) => {
    const match = /^(\d+):(\d+) (\w+) (\d+)$/u.exec(line);
    return match === null
      ? []
      : [{ major: Number(match[1]), minor: Number(match[2]), op: match[3] ?? "", value: Number(match[4]), kind }];
  });
}
