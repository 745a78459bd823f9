import { createHash } from "node:crypto";
import { digestAlgorithm, digestHex, parseDigest } from "#base/digest.ts";
import type { RegistryContext } from "../context.ts";
import type { BlobRow } from "../database/blob-rows.ts";
import { blobLock } from "./blob-lock.ts";

/**
 * Read a blob's bytes and compare. True when they are right. Otherwise the blob is out of every repository, so that it
 * can be pushed again, and its bytes are in quarantine.
 */
export function verifyBlob(context: RegistryContext, { digest, sizeBytes }: BlobRow): Promise<boolean> {
  return context.locks.run(blobLock(digest), async () => {
    const before = await context.storage.stat(digest);
    if (before !== undefined && before.sizeBytes === sizeBytes) {
      const parsed = parseDigest(digest);
      const hash = createHash(digestAlgorithm(parsed));
      for await (const chunk of context.storage.read(digest, 0)) hash.update(chunk);
      if (hash.digest("hex") === digestHex(parsed)) {
        context.blobs.setVersion(digest, before.version);
        return true;
      }
    }
    context.log.error("a blob is damaged and no longer served", { digest, missing: before === undefined });
    await context.storage.quarantine(digest);
    context.blobs.delete(digest);
    return false;
  });
}
