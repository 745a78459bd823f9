import { type LOCK_EX, LOCK_NB, LOCK_SH, O_DIRECTORY, O_RDONLY } from "#host/kernel/linux.ts";
import { parentOf } from "#host/files/files.ts";
import { openMaybe } from "#host/files/open-maybe.ts";
import { close, flock } from "#host/kernel/syscalls.ts";
import type { LogFile } from "./log-file.ts";
import { openLogFile } from "./open-log-file.ts";

/** Name of a log's `index`-th file; 0 is the one being written. */
export const fileName = (path: string, index: number): string => (index === 0 ? path : `${path}.${index}`);

/** All files of a log that are there now, oldest first. None when there is no log. */
export function openLogFiles(path: string): LogFile[] {
  const lock = lockNames(path, LOCK_SH);
  try {
    return openInOrder(path);
  } finally {
    if (lock !== undefined) close(lock);
  }
}

/** A rotation in the middle of looking, possible when the lock could not be had, shows a file under two names. */
function openInOrder(path: string): LogFile[] {
  const newestFirst: LogFile[] = [];
  const seen = new Set<string>();
  for (let index = 0; ; index += 1) {
    const file = openLogFile(fileName(path, index));
    if (file === undefined) {
      // In the middle of a rotation there is no newest file for a moment.
      if (index === 0) continue;
      return newestFirst.reverse();
    }
    if (seen.has(file.identity)) file.close();
    else newestFirst.push(file);
    seen.add(file.identity);
  }
}

/**
 * Keep the names of a log's files as they are until the descriptor is closed. Never waits: undefined when the shim is
 * renaming just now, or there is no directory.
 */
export function lockNames(path: string, operation: typeof LOCK_SH | typeof LOCK_EX): number | undefined {
  const fd = openMaybe(parentOf(path), O_RDONLY | O_DIRECTORY);
  if (fd === undefined) return undefined;
  for (let attempt = 0; attempt < 3; attempt += 1) if (flock(fd, operation | LOCK_NB)) return fd;
  close(fd);
  return undefined;
}
