import { rmdirSync } from "node:fs";
import { BerthError } from "#base/errors.ts";
import { errnoOf, groupTree } from "./cgroup-file.ts";

/** Waiting times between tries, milliseconds; a group is busy until the last exiting task left it. About 3 s together. */
const pauses = [1, 2, 5, 10, 20, 50, 100, 200, 400, 800, 1500] as const;

/**
 * rmdir(2) every directory with its subgroups, deepest first. `busy` is called before each new try and may kill what is
 * left. `unavailable` when a group stays busy.
 */
export async function removeGroups(directories: readonly string[], busy: () => Promise<void>): Promise<void> {
  let left = directories.filter((directory) => !tryRemove(directory));
  for (const pause of pauses) {
    if (left.length === 0) return;
    await busy();
    await new Promise((resolve) => setTimeout(resolve, pause));
    left = left.filter((directory) => !tryRemove(directory));
  }
  if (left.length > 0) throw new BerthError("unavailable", `cannot remove cgroup ${left.join(", ")}: it stays busy`);
}

/** Take down what a failed creation left: nothing has run in it. */
export function removeNow(directories: readonly string[]): void {
  for (const directory of directories) tryRemove(directory);
}

function tryRemove(directory: string): boolean {
  for (const group of groupTree(directory)) {
    try {
      rmdirSync(group);
    } catch (error) {
      const code = errnoOf(error);
      if (code === "ENOENT" || code === "ENODEV") continue;
      if (code === "EBUSY") return false;
      throw new BerthError("unavailable", `cannot remove cgroup ${group}: ${code}`, { cause: error });
    }
  }
  return true;
}
