import { BerthError } from "#base/errors.ts";
import { errnoName } from "../kernel/errno.ts";
import { AT_FDCWD, AT_REMOVEDIR } from "../kernel/linux.ts";
import { raw } from "../kernel/syscalls.ts";
import { groupTree } from "./cgroup-file.ts";

const ENOENT = 2;
const EBUSY = 16;
const ENODEV = 19;

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

/** A group without subgroups, the usual one, goes with one call; EBUSY is tasks or subgroups. */
function tryRemove(directory: string): boolean {
  return removeDirectory(directory) || groupTree(directory).every(removeDirectory);
}

/** False while it is busy; a group that is gone already is removed. */
function removeDirectory(group: string): boolean {
  const errno = -raw("unlinkat", AT_FDCWD, group, AT_REMOVEDIR);
  if (errno <= 0 || errno === ENOENT || errno === ENODEV) return true;
  if (errno === EBUSY) return false;
  throw new BerthError("unavailable", `cannot remove cgroup ${group}: ${errnoName(errno)}`);
}
