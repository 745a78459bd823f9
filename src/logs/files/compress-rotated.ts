import { setTimeout as sleep } from "node:timers/promises";
import { exists, removeFile } from "#host/files/files.ts";
import { AT_FDCWD, LOCK_EX, O_CREAT, O_TRUNC, O_WRONLY } from "#host/kernel/linux.ts";
import { close, open, renameat2, utimensat, writeAll } from "#host/kernel/syscalls.ts";
import { compressedBlocks } from "./compressed-log-file.ts";
import { fileName, lockNames } from "./log-directory.ts";
import type { LogFile } from "./log-file.ts";
import { openLogFile } from "./open-log-file.ts";

const lockAttempts = 200;
const lockPauseMs = 5;

/**
 * Replace a log's rotated files by compressed ones, the eldest last. `may` refuses files that somebody still reads from
 * end to end. The result is correct after a crash at any point: a file is there plain, compressed, or for a moment both.
 */
export async function compressRotated(path: string, may: (file: LogFile) => boolean): Promise<void> {
  for (let index = 1; ; index += 1) {
    const name = fileName(path, index);
    const done = exists(`${name}.gz`);
    if (!exists(name)) {
      if (done) continue;
      return;
    }
    // The plain one is what a crash left to be removed, unless it was renamed into this place since.
    const file = openLogFile(name);
    if (file === undefined) continue;
    try {
      if (may(file)) await replace(path, file);
    } finally {
      file.close();
    }
  }
}

async function replace(path: string, file: LogFile): Promise<void> {
  const temporary = `${path}.tmp`;
  const fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0o640);
  try {
    for await (const block of compressedBlocks(file)) writeAll(fd, block);
    setTime(temporary, file.modifiedNs);
    await publish(path, file, temporary);
  } finally {
    close(fd);
    removeFile(temporary);
  }
}

/** The file may have been renamed or removed meanwhile: its place is looked up while the names are locked. */
async function publish(path: string, file: LogFile, temporary: string): Promise<void> {
  for (let attempt = 0; attempt < lockAttempts; attempt += 1) {
    const lock = lockNames(path, LOCK_EX);
    if (lock === undefined) {
      await sleep(lockPauseMs);
      continue;
    }
    try {
      const name = nameOf(path, file);
      if (name === undefined) return;
      renameat2(AT_FDCWD, temporary, AT_FDCWD, `${name}.gz`);
      removeFile(name);
    } finally {
      close(lock);
    }
    return;
  }
}

function nameOf(path: string, wanted: LogFile): string | undefined {
  for (let index = 1; ; index += 1) {
    const name = fileName(path, index);
    const file = openLogFile(name);
    if (file === undefined) return undefined;
    const { identity } = file;
    file.close();
    if (identity === wanted.identity) return name;
  }
}

function setTime(path: string, timeNs: bigint): void {
  const time = { seconds: Number(timeNs / 1_000_000_000n), nanoseconds: Number(timeNs % 1_000_000_000n) };
  utimensat(AT_FDCWD, path, time, time);
}
