import { within } from "#base/async.ts";
import { randomHex } from "#base/ids.ts";
import { sha256Hex } from "#base/sha256.ts";
import type { RegistryContext } from "../context.ts";
import { uploadUnknown } from "../failure.ts";

/**
 * An upload's id tells which repository it is for, so that nothing needs to be written down when one begins:
 * `<random>-<hash of the repository's name>`.
 */
export function newUploadId(repository: string): string {
  return `${randomHex(12)}-${nameHash(repository)}`;
}

export function uploadLock(id: string): string {
  return `upload ${id}`;
}

/** Bytes that the upload `id` of `repository` holds. `BLOB_UPLOAD_UNKNOWN` when there is none. */
export async function uploadOffset(context: RegistryContext, repository: string, id: string): Promise<number> {
  const isOurs = /^[0-9a-f]{24}-[0-9a-f]{16}$/.test(id) && id.endsWith(`-${nameHash(repository)}`);
  const size = isOurs ? await context.storage.uploadSize(id) : undefined;
  if (size === undefined) throw uploadUnknown(id);
  return size;
}

function nameHash(repository: string): string {
  return sha256Hex(repository).slice(0, 16);
}

const PATIENCE_MS = 1000;

/**
 * {@link uploadOffset} for a client that wants to go on: its broken request may still be on its way to being noticed, and
 * what that one brought counts.
 */
export async function settledOffset(context: RegistryContext, repository: string, id: string): Promise<number> {
  const settled = context.locks.run(uploadLock(id), () => uploadOffset(context, repository, id));
  const offset = await within<number | undefined>(settled, PATIENCE_MS, undefined);
  return offset ?? uploadOffset(context, repository, id);
}
