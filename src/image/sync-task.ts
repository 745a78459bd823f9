import type { Json } from "#host/helpers/helper-protocol.ts";
import { O_DIRECTORY, O_RDONLY } from "#host/kernel/linux.ts";
import { close, open, syncfs } from "#host/kernel/syscalls.ts";

export const SYNC_TASK = "sync-filesystem";

/** Write everything of the file system that holds `path` to the disk. May take long: for a helper. */
export async function syncTask(input: Json): Promise<Json> {
  const { path } = input as { readonly path: string };
  const fd = open(path, O_RDONLY | O_DIRECTORY);
  try {
    syncfs(fd);
  } finally {
    close(fd);
  }
  return null;
}
