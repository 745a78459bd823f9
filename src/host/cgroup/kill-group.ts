import { existsSync } from "node:fs";
import { BerthError } from "#base/errors.ts";
import { errnoOf, groupTree, readControl, writeControl } from "./cgroup-file.ts";

/** Pids in `directory` and below, of this pid namespace. Empty when the group is gone. */
export function pidsBelow(
  directory: string,
  file: "cgroup.procs" | "cgroup.threads" = "cgroup.procs",
): readonly number[] {
  return groupTree(directory).flatMap((group) => {
    const text = readControl(`${group}/${file}`) ?? "";
    // 0 stands for a process of a pid namespace that this one cannot see.
    return text === ""
      ? []
      : text
          .split("\n")
          .map(Number)
          .filter((pid) => pid > 0);
  });
}

/** cgroup.kill (5.14): SIGKILL to everything below at once, forks included. False where there is no such file. */
export function killAtOnce(directory: string): boolean {
  const file = `${directory}/cgroup.kill`;
  if (!existsSync(file)) return false;
  try {
    writeControl(file, "1");
    return true;
  } catch (error) {
    if (errnoOf(error) === "ENODEV" || errnoOf(error) === "ENOENT") return true;
    throw error;
  }
}

/**
 * SIGKILL one by one until nothing new appears; a fork bomb is beaten by freezing it first (`freeze`/`thaw`).
 * `unavailable` when tasks keep appearing.
 */
export async function killOneByOne(
  directory: string,
  freeze: () => Promise<void>,
  thaw: () => Promise<void>,
): Promise<void> {
  for (let round = 0; round < 20; round++) {
    const pids = pidsBelow(directory);
    if (pids.length === 0) return;
    if (round > 0) await freeze();
    for (const pid of pidsBelow(directory)) {
      try {
        process.kill(pid, "SIGKILL");
      } catch (error) {
        if (errnoOf(error) !== "ESRCH") throw error;
      }
    }
    if (round > 0) await thaw();
    await new Promise((resolve) => setTimeout(resolve, 2 ** Math.min(round, 6)));
  }
  if (pidsBelow(directory).length > 0)
    throw new BerthError("unavailable", `processes in cgroup ${directory} cannot be killed`);
}
