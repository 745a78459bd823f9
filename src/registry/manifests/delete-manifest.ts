import { isDigest } from "#base/digest.ts";
import { checkWritable } from "../check-writable.ts";
import type { Actor } from "../actor.ts";
import type { RegistryContext } from "../context.ts";
import { manifestUnknown } from "../failure.ts";
import { checkTagMayMove } from "../policies/immutable-tags.ts";
import { findRepository } from "../repositories/repository.ts";
import { findManifest } from "./find-manifest.ts";

/**
 * Delete a tag, or by digest a manifest with all its tags. Its bytes and blobs stay for the undelete window.
 * `MANIFEST_UNKNOWN`, `NAME_UNKNOWN`.
 */
export function deleteManifest(context: RegistryContext, repository: string, reference: string, actor: Actor): void {
  checkWritable(context);
  const { id } = findRepository(context, repository);
  const now = context.now();
  const change = { atMs: now, actor: actor.name };
  const manifest = findManifest(context, repository, reference);
  const { digest, mediaType, sizeBytes } = manifest;
  const repositoryRef = { id, name: repository };
  const tags = isDigest(reference) ? context.tags.of(id, digest).map(({ name }) => name) : [reference];
  for (const tag of tags) checkTagMayMove(context, repositoryRef, tag, undefined);
  const tag = isDigest(reference) ? {} : { tag: reference };
  const event = { repository, digest, mediaType, sizeBytes, ...tag, isManifest: true, actor, atMs: now };
  context.database.transaction(() => {
    if (isDigest(reference)) {
      for (const { name } of context.tags.of(id, digest)) context.tags.delete(id, name, change);
      context.manifests.setDeleted(id, digest, now);
    } else context.tags.delete(id, reference, change);
    context.repositories.touch(id, now);
    context.events.emit({ action: "delete", ...event });
  });
}

/**
 * Bring back what was deleted by digest, or point a tag to what it pointed to before it was deleted. `MANIFEST_UNKNOWN`
 * when it is too late.
 */
export function undeleteManifest(context: RegistryContext, repository: string, reference: string, actor: Actor): void {
  checkWritable(context);
  const { id } = findRepository(context, repository);
  const now = context.now();
  context.database.transaction(() => {
    const digest = isDigest(reference)
      ? reference
      : context.tags.history(id, reference, 100).find((change) => change.digest !== undefined)?.digest;
    if (digest === undefined || context.manifests.find(id, digest, { deleted: true }) === undefined)
      throw manifestUnknown(repository, reference);
    context.manifests.setDeleted(id, digest, undefined);
    if (!isDigest(reference))
      context.tags.put(id, { name: reference, digest, updatedAtMs: now, updatedBy: actor.name });
  });
}
