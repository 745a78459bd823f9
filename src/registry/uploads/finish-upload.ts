import { createHash } from "node:crypto";
import { digestAlgorithm, isDigest, type Digest } from "#base/digest.ts";
import { emitBlobEvent } from "../blobs/emit-blob-event.ts";
import { blobLock } from "../blobs/blob-lock.ts";
import { checkWritable } from "../check-writable.ts";
import type { Actor } from "../actor.ts";
import type { RegistryContext } from "../context.ts";
import { digestInvalid } from "../failure.ts";
import { checkQuota } from "../policies/quota.ts";
import { appendLocked, type Chunk } from "./append-upload.ts";
import { uploadLock, uploadOffset } from "./upload.ts";

/**
 * The last chunk, if any, and the digest that all bytes must have: the upload becomes a blob of the repository, on stable
 * storage. `DIGEST_INVALID` otherwise, and the upload is gone; the refusals of `appendUpload`.
 */
export function finishUpload(
  context: RegistryContext,
  repository: string,
  id: string,
  end: { readonly digest: string; readonly chunk?: Chunk; readonly actor: Actor },
): Promise<void> {
  checkWritable(context);
  return context.locks.run(uploadLock(id), async () => {
    await uploadOffset(context, repository, id);
    const { digest, chunk } = end;
    if (!isDigest(digest)) throw digestInvalid(digest, "this is no sha256 or sha512 digest");
    if (chunk !== undefined) await appendLocked(context, repository, id, chunk);
    const size = await uploadOffset(context, repository, id);
    if (context.blobs.find(digest) === undefined) checkQuota(context, repository, size);
    if ((await digestOfUpload(context, id, digest, size)) !== digest) {
      await context.storage.discard(id);
      throw digestInvalid(digest);
    }
    await store(context, repository, id, digest, end.actor);
  });
}

async function digestOfUpload(context: RegistryContext, id: string, wanted: Digest, size: number): Promise<string> {
  const algorithm = digestAlgorithm(wanted);
  const known = context.hashes.take(id, algorithm, size);
  if (known !== undefined) return `${algorithm}:${known}`;
  const hash = createHash(algorithm);
  for await (const piece of context.storage.readUpload(id)) hash.update(piece);
  return `${algorithm}:${hash.digest("hex")}`;
}

/** Bytes first, rows second: what a crash leaves between them is found by the collector. */
function store(context: RegistryContext, repository: string, id: string, digest: string, actor: Actor): Promise<void> {
  return context.locks.run(blobLock(digest), async () => {
    const stored = await context.storage.commit(id, digest);
    const now = context.now();
    context.database.transaction(() => {
      const { id: repositoryId } = context.repositories.ensure(repository, now);
      context.blobs.add({ digest, ...stored }, now);
      context.blobs.link(repositoryId, digest, now);
      emitBlobEvent(context, "push", { repository, digest, sizeBytes: stored.sizeBytes, actor });
    });
  });
}
