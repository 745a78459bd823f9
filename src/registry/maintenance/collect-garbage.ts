import { blobLock } from "../blobs/blob-lock.ts";
import type { RegistryContext } from "../context.ts";
import type { BlobRow } from "../database/blob-rows.ts";
import { uploadLock } from "../uploads/upload.ts";

/** What a collection took away. */
export interface Collected {
  readonly manifests: number;
  readonly blobs: number;
  readonly bytes: number;
  readonly uploads: number;
  /** Files that no row named: left by a crash between the bytes and their row. */
  readonly orphans: number;
  /** Names under which nothing is left. */
  readonly repositories: number;
}

/**
 * Take away what nobody can reach any more, while the registry serves. Each step is small and finishes what it began in
 * one transaction, or under the lock that pushes of the same blob take, so that stopping at any moment loses nothing and
 * the next collection goes on:
 *
 *   manifests deleted longer ago than the undelete window
 *   ▶ blobs of a repository that none of its manifests (deleted ones too) needs and nobody asked for within the grace time
 *   ▶ blobs that no repository has ▶ uploads nobody goes on with ▶ files without a row
 *   ▶ repositories that hold nothing
 */
export async function collectGarbage(context: RegistryContext): Promise<Collected> {
  const now = context.now();
  const { graceMs, undeleteMs } = context.settings;
  const manifests = context.manifests.purge(now - undeleteMs);
  context.database.transaction(() => {
    for (const { repositoryId, digest } of context.blobs.idleLinks(now - graceMs))
      context.blobs.unlink(repositoryId, digest);
  });
  let [blobs, bytes] = [0, 0];
  for (const blob of context.blobs.unlinked()) {
    if (!(await removeBlob(context, blob))) continue;
    blobs += 1;
    bytes += blob.sizeBytes;
  }
  const uploads = await purgeUploads(context, now - graceMs);
  const orphans = await removeOrphans(context, now - graceMs);
  const repositories = context.repositories.deleteEmpty(now - Math.max(graceMs, undeleteMs));
  return { manifests, blobs, bytes, uploads, orphans, repositories };
}

/** Row first: a file without a row is an orphan, a row without a file would be damage. */
function removeBlob(context: RegistryContext, { digest }: BlobRow): Promise<boolean> {
  return context.locks.run(blobLock(digest), async () => {
    const isGone = context.database.transaction(() => {
      if (context.blobs.repositoriesWith(digest).length > 0) return false;
      context.blobs.delete(digest);
      return true;
    });
    if (isGone) await context.storage.remove(digest);
    return isGone;
  });
}

async function purgeUploads(context: RegistryContext, beforeMs: number): Promise<number> {
  const isIdle = ({ touchedAtMs }: { readonly touchedAtMs: number }): boolean => touchedAtMs < beforeMs;
  let purged = 0;
  for (const { id } of (await context.storage.uploads()).filter(isIdle)) {
    purged += await context.locks.run(uploadLock(id), async () => {
      const still = (await context.storage.uploads()).some((upload) => upload.id === id && isIdle(upload));
      if (!still) return 0;
      context.hashes.drop(id);
      await context.storage.discard(id);
      return 1;
    });
  }
  return purged;
}

async function removeOrphans(context: RegistryContext, beforeMs: number): Promise<number> {
  let orphans = 0;
  for await (const { digest, storedAtMs } of context.storage.blobs()) {
    if (storedAtMs >= beforeMs || context.blobs.find(digest) !== undefined) continue;
    orphans += await context.locks.run(blobLock(digest), async () => {
      if (context.blobs.find(digest) !== undefined) return 0;
      return (await context.storage.remove(digest)) ? 1 : 0;
    });
  }
  return orphans;
}
