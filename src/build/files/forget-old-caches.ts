import { listDirectory, removeFile } from "#host/files/files.ts";
import { AT_FDCWD } from "#host/kernel/linux.ts";
import { lstatMaybe } from "#host/kernel/syscalls.ts";

/** Of about two MiB for a folder of ten thousand files, in two files each. */
const KEPT = 200;

/** Folders come under new names in continuous integration: of what is known of them the newest is kept. */
export function forgetOldCaches(directory: string): void {
  const caches = listDirectory(directory).map((name) => ({
    path: `${directory}/${name}`,
    seconds: lstatMaybe(AT_FDCWD, `${directory}/${name}`)?.mtimeSeconds ?? 0,
  }));
  for (const { path } of caches.toSorted((a, b) => b.seconds - a.seconds).slice(KEPT)) removeFile(path);
}
