import { readdirSync, readFileSync, readlinkSync } from "node:fs";

export interface ProcessSize {
  /** Proportional set size. */
  readonly memoryMib: number;
  readonly descriptors: number;
}

export function processSize(pid: number): ProcessSize {
  const kib = Number(/^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1]);
  return { memoryMib: kib / 1024, descriptors: readdirSync(`/proc/${pid}/fd`).length };
}

/** What a process has descriptors of: paths, or words like `anon_inode:[eventpoll]` (proc_pid_fd(5)). */
export function openedBy(pid: number): readonly string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
    } catch {
      // Closed meanwhile.
      return [];
    }
  });
}
