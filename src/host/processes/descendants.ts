import { hasCode } from "../kernel/errno.ts";
import { listDirectory, readTextFileMaybe } from "../files/files.ts";
import { kill } from "../kernel/syscalls.ts";

/** Pids below a process, children before grandchildren (proc(5): task/TID/children). */
export function descendants(pid: number): readonly number[] {
  const found: number[] = [];
  const look = [pid];
  for (let parent = look.shift(); parent !== undefined; parent = look.shift()) {
    for (const child of childrenOf(parent)) {
      found.push(child);
      look.push(child);
    }
  }
  return found;
}

function childrenOf(pid: number): readonly number[] {
  try {
    return listDirectory(`/proc/${pid}/task`)
      .map((thread) => readTextFileMaybe(`/proc/${pid}/task/${thread}/children`, 1 << 20) ?? "")
      .flatMap((text) => text.split(" ").filter((word) => word !== ""))
      .map(Number);
  } catch (error) {
    if (hasCode(error, "ENOENT", "ESRCH")) return [];
    throw error;
  }
}

/** SIGKILL to all that a process has started, not to itself. One that starts more meanwhile can outrun it. */
export function killBelow(pid: number): void {
  for (const child of descendants(pid)) {
    try {
      kill(child, 9);
    } catch (error) {
      if (!hasCode(error, "ESRCH")) throw error;
    }
  }
}
