import { int, text, uint16, type FlagSpec } from "../flags/flag-kind.ts";
import { bytes, nanoCpus, swapBytes } from "./options/resource-options.ts";

/** Flags of `update`: the limits that can change while a container runs. */
export const updateFlags: readonly FlagSpec[] = [
  {
    name: "blkio-weight",
    kind: uint16,
    usage: "Block IO (relative weight), between 10 and 1000, or 0 to disable (default 0)",
  },
  { name: "cpu-period", kind: int, usage: "Limit CPU CFS (Completely Fair Scheduler) period" },
  { name: "cpu-quota", kind: int, usage: "Limit CPU CFS (Completely Fair Scheduler) quota" },
  { name: "cpu-rt-period", kind: int, usage: "Limit the CPU real-time period in microseconds" },
  { name: "cpu-rt-runtime", kind: int, usage: "Limit the CPU real-time runtime in microseconds" },
  { name: "cpu-shares", short: "c", kind: int, usage: "CPU shares (relative weight)" },
  { name: "cpus", kind: nanoCpus, usage: "Number of CPUs" },
  { name: "cpuset-cpus", kind: text, usage: "CPUs in which to allow execution (0-3, 0,1)" },
  { name: "cpuset-mems", kind: text, usage: "MEMs in which to allow execution (0-3, 0,1)" },
  { name: "memory", short: "m", kind: bytes, usage: "Memory limit" },
  { name: "memory-reservation", kind: bytes, usage: "Memory soft limit" },
  {
    name: "memory-swap",
    kind: swapBytes,
    usage: "Swap limit equal to memory plus swap: -1 to enable unlimited swap",
  },
  {
    name: "net-rate",
    kind: text,
    usage: 'Limit how fast it sends and receives ("10mbit", "1gbit/256k", "none")',
  },
  { name: "pids-limit", kind: int, usage: "Tune container pids limit (set -1 for unlimited)" },
  { name: "restart", kind: text, usage: "Restart policy to apply when a container exits" },
];
