import { createHash } from "node:crypto";
import { BerthError, messageOf } from "#base/errors.ts";
import { ensureDirectory } from "#host/files/files.ts";
import { removeTree } from "#host/tree/remove-tree.ts";
import type { FillMount } from "../solver/types.ts";
import type { ArchiveReceiver } from "../sources/receive-archive.ts";
import type { ImportedCache, ImportedMount } from "./imported-cache.ts";

/**
 * Fills new cache mounts with what the first of these caches that knows them has. Nothing depends on that: what cannot be
 * brought is told of, and the mount is empty.
 */
export function fillMountsFrom(
  receiver: ArchiveReceiver,
  caches: readonly ImportedCache[],
  report: (text: string) => void,
): FillMount {
  return async (id, directory, signal) => {
    for (const cache of caches) {
      const mount = cache.mount(id);
      if (mount === undefined) continue;
      try {
        await receiver.receive(directory, verified(mount, signal));
        return true;
      } catch (error) {
        await removeTree(directory);
        ensureDirectory(directory, 0o700);
        if (signal.aborted) throw error;
        report(`WARNING: nothing for the cache mount ${id}: ${messageOf(error)}`);
      }
    }
    return false;
  };
}

async function* verified({ blob, source }: ImportedMount, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  for await (const chunk of source.blob(blob, { signal, onRetry: () => {} })) {
    signal.throwIfAborted();
    hash.update(chunk);
    yield chunk;
  }
  if (`sha256:${hash.digest("hex")}` !== blob.digest)
    throw new BerthError("data-loss", `${blob.digest} is damaged where it comes from`);
}
