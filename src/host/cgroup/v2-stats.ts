import { parseFlat, parseNumber } from "./parse-control.ts";
import type { CgroupStats } from "./types.ts";

/** Counters of a v2 group; `read` gives a file's text, undefined when it is not there. */
export function v2Stats(read: (file: string) => string | undefined): CgroupStats {
  const number = (file: string): number | undefined => parseNumber(read(file));
  const flat = (file: string): Readonly<Record<string, number>> | undefined => {
    const text = read(file);
    return text === undefined ? undefined : parseFlat(text);
  };
  const cpu = flat("cpu.stat");
  const pids = number("pids.current");
  return {
    cpu:
      cpu === undefined
        ? undefined
        : {
            usageNs: (cpu["usage_usec"] ?? 0) * 1000,
            userNs: (cpu["user_usec"] ?? 0) * 1000,
            systemNs: (cpu["system_usec"] ?? 0) * 1000,
            perCpuNs: [],
            periods: cpu["nr_periods"] ?? 0,
            throttledPeriods: cpu["nr_throttled"] ?? 0,
            throttledNs: (cpu["throttled_usec"] ?? 0) * 1000,
          },
    memory: memoryStats(number, flat),
    pids: pids === undefined ? undefined : { current: pids, limit: number("pids.max") ?? -1 },
    io: ioCounters(read("io.stat") ?? ""),
  };
}

function memoryStats(
  number: (file: string) => number | undefined,
  flat: (file: string) => Readonly<Record<string, number>> | undefined,
): CgroupStats["memory"] {
  const usageBytes = number("memory.current");
  if (usageBytes === undefined) return undefined;
  const events = flat("memory.events");
  return {
    usageBytes,
    maxUsageBytes: number("memory.peak") ?? 0,
    limitBytes: number("memory.max") ?? -1,
    failCount: events?.["max"] ?? 0,
    oomCount: events?.["oom"] ?? 0,
    stat: flat("memory.stat") ?? {},
  };
}

const ioKeys: Readonly<Record<string, readonly [op: string, kind: "bytes" | "operations"]>> = {
  rbytes: ["Read", "bytes"],
  wbytes: ["Write", "bytes"],
  dbytes: ["Discard", "bytes"],
  rios: ["Read", "operations"],
  wios: ["Write", "operations"],
  dios: ["Discard", "operations"],
};

/** `8:0 rbytes=1 wbytes=2 …` lines. */
function ioCounters(text: string): CgroupStats["io"] {
  return text.split("\n").flatMap((line) => {
    const [device = "", ...pairs] = line.split(" ");
    const [major, minor] = device.split(":");
    return pairs.flatMap((pair) => {
      const [key = "", value] = pair.split("=");
      const known = ioKeys[key];
      return known === undefined
        ? []
        : [{ major: Number(major), minor: Number(minor), op: known[0], kind: known[1], value: Number(value) }];
    });
  });
}
