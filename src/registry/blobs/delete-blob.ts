import { isDigest } from "#base/digest.ts";
import { checkWritable } from "../check-writable.ts";
import type { Actor } from "../actor.ts";
import type { RegistryContext } from "../context.ts";
import { blobUnknown, digestInvalid, unsupported } from "../failure.ts";
import { emitBlobEvent } from "./emit-blob-event.ts";
import { findRepository } from "../repositories/repository.ts";

/**
 * Take a blob out of a repository; its bytes go when no repository has it. `BLOB_UNKNOWN`; `UNSUPPORTED` while a manifest
 * of the repository needs it, because that image could not be pulled any more.
 */
export function deleteBlob(context: RegistryContext, repository: string, digest: string, actor: Actor): void {
  checkWritable(context);
  if (!isDigest(digest)) throw digestInvalid(digest, "this is no sha256 or sha512 digest");
  const { id } = findRepository(context, repository);
  context.database.transaction(() => {
    if (context.blobs.isPart(id, digest))
      throw unsupported("a manifest of this repository needs the blob: delete the manifest first");
    if (!context.blobs.unlink(id, digest)) throw blobUnknown(digest);
    const { sizeBytes } = context.blobs.find(digest) ?? { sizeBytes: 0 };
    emitBlobEvent(context, "delete", { repository, digest, sizeBytes, actor });
  });
}
