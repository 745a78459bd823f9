import { readFileSync, statSync } from "node:fs";

/**
 * What tells a folder of this machine from every other one, also from those of other machines under the same path: the
 * boot, the file system and the inode. Undefined when there is no such folder.
 */
export function folderIdentity(path: string): string | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (stat?.isDirectory() !== true) return undefined;
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  return `${boot}:${stat.dev}:${stat.ino}`;
}
