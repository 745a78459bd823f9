import { readdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";

const root = "/sys/fs/cgroup";

/**
 * Remove empty cgroups that engines made for others' sake and leave behind: parents that a container asked for, a monitor's own.
 * `names`: paths from the root of every hierarchy or from this process's own cgroup in it, children before their parents.
 */
export function removeCgroups(names: readonly string[]): void {
  const own = readFileSync("/proc/self/cgroup", "utf8")
    .trim()
    .split("\n")
    .map((line) => line.split(":").at(2) ?? "/");
  const hierarchies = [
    root,
    ...readdirSync(root, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => join(root, name)),
  ];
  for (const hierarchy of hierarchies) {
    for (const base of new Set(["/", ...own])) for (const name of names) removeEmpty(join(hierarchy, base, name));
  }
}

function removeEmpty(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code !== "ENOENT" && code !== "ENOTDIR") throw error;
  }
}
