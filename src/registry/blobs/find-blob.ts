import { isDigest } from "#base/digest.ts";
import type { RegistryContext } from "../context.ts";
import type { BlobRow } from "../database/blob-rows.ts";
import { blobUnknown, digestInvalid } from "../failure.ts";
import { findRepository } from "../repositories/repository.ts";
import { verifyBlob } from "./verify-blob.ts";

/**
 * A blob of a repository, of which the stored bytes are known to be right: when they may have changed since they were
 * looked at, they are read again first. `BLOB_UNKNOWN` also for one that turns out damaged; it is taken away.
 *
 * Finding one that no manifest names yet counts as a use: a client that sees it will not send it again.
 */
export async function findBlob(context: RegistryContext, repository: string, digest: string): Promise<BlobRow> {
  if (!isDigest(digest)) throw digestInvalid(digest, "this is no sha256 or sha512 digest");
  const { id } = findRepository(context, repository);
  const row = context.blobs.linked(id, digest);
  if (row === undefined) throw blobUnknown(digest);
  const now = context.now();
  if (now - row.touchedAtMs > context.settings.graceMs / 2) context.blobs.link(id, digest, now);
  const stored = await context.storage.stat(digest);
  if (stored?.version === row.version && stored.sizeBytes === row.sizeBytes) return row;
  if (!(await verifyBlob(context, row))) throw blobUnknown(digest);
  return row;
}
