import { readdirSync, readFileSync } from "node:fs";

export interface ProcessSize {
  /** Proportional set size. */
  readonly memoryMib: number;
  readonly descriptors: number;
}

export function processSize(pid: number): ProcessSize {
  const kib = Number(/^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1]);
  return { memoryMib: kib / 1024, descriptors: readdirSync(`/proc/${pid}/fd`).length };
}
