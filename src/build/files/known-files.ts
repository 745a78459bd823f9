import { listDirectory, removeFile } from "#host/files/files.ts";
import { AT_FDCWD } from "#host/kernel/linux.ts";
import { lstatMaybe } from "#host/kernel/syscalls.ts";
import type { KeptFiles } from "../cache/prune-cache.ts";

/** What is known of files that were built from (stat-cache.ts, known-pages.ts). Without it they are read again. */
export function knownFiles(directory: string): KeptFiles {
  const all = (): readonly { readonly path: string; readonly sizeBytes: number; readonly usedMs: number }[] =>
    listDirectory(directory).flatMap((name) => {
      const path = `${directory}/${name}`;
      const stat = lstatMaybe(AT_FDCWD, path);
      return stat === undefined ? [] : [{ path, sizeBytes: stat.size, usedMs: stat.mtimeSeconds * 1000 }];
    });
  const bytes = (files: ReturnType<typeof all>): number => files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return {
    id: "known-files",
    description: "what is known of folders and addresses that were built from",
    usage() {
      const files = all();
      if (files.length === 0) return undefined;
      const uses = files.map(({ usedMs }) => usedMs);
      return { sizeBytes: bytes(files), firstMs: Math.min(...uses), lastMs: Math.max(...uses), inUse: false };
    },
    clear() {
      const files = all();
      for (const { path } of files) removeFile(path);
      return bytes(files);
    },
  };
}
