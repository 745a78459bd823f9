import { expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, watch, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { watchName } from "./directory-watch.ts";

test("what changed as soon as the watch was made is not missed", async () => {
  const dir = mkdtempSync(join(tmpdir(), "directory-watch-"));
  try {
    const watches = Array.from({ length: 50 }, (_, index) => watchName(dir, `file${index}`));
    for (const index of watches.keys()) writeFileSync(join(dir, `file${index}`), "");
    await Promise.all(watches.map((watch) => watch.changed()));
    for (const watch of watches) watch.close();
    expect(watches).toHaveLength(50);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});

/** Of what the kernel tells of to this process (proc(5), fdinfo of inotify). */
function watchedInodes(): readonly number[] {
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      if (!readlinkSync(`/proc/self/fd/${fd}`).includes("inotify")) return [];
      const lines = readFileSync(`/proc/self/fdinfo/${fd}`, "utf8").matchAll(/^inotify .*\bino:([0-9a-f]+)/gmu);
      return [...lines].map(([, inode = ""]) => Number.parseInt(inode, 16));
    } catch {
      // The descriptor by which the folder was read.
      return [];
    }
  });
}

test("the runtime's watches stand as soon as they are made: what is read behind them is not out of date", () => {
  const folders = Array.from({ length: 50 }, () => mkdtempSync(join(tmpdir(), "directory-watch-")));
  for (const folder of folders) {
    const watcher = watch(folder, { persistent: false }, () => {});
    expect(watchedInodes()).toContain(statSync(folder).ino);
    watcher.close();
    rmSync(folder, { recursive: true });
  }
});
