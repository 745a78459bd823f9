import { readFileSync, statSync } from "node:fs";
import { BOOT_ID_PATH, identityText } from "./identity-text.ts";

/**
 * What tells a folder of this machine from every other one, also from those of other machines under the same path: the
 * boot, the file system and the inode. Undefined when there is no such folder.
 */
export function folderIdentity(path: string): string | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  bootId ??= readFileSync(BOOT_ID_PATH, "utf8");
  return stat?.isDirectory() === true ? identityText(bootId, stat) : undefined;
}

/** No process outlives its boot. */
let bootId: string | undefined;
