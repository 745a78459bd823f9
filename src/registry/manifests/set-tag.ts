import { isTag } from "#spec/oci/reference.ts";
import type { Actor } from "../actor.ts";
import type { RegistryContext } from "../context.ts";
import { manifestUnknown, tagInvalid } from "../failure.ts";
import { findManifest } from "./find-manifest.ts";
import { putManifest } from "./put-manifest.ts";

/**
 * Let `tag` point to a manifest of the repository, as if a client had pushed that again: policies hold and listeners hear
 * of it. `TAG_INVALID`, `MANIFEST_UNKNOWN`, `DENIED` for an immutable tag.
 */
export function setTag(context: RegistryContext, repository: string, tag: string, digest: string, actor: Actor): void {
  if (!isTag(tag)) throw tagInvalid(tag);
  const { mediaType } = findManifest(context, repository, digest);
  const bytes = context.manifests.bytes(digest);
  if (bytes === undefined) throw manifestUnknown(repository, digest);
  // What was taken once, with its parts here or at an upstream, is taken again.
  putManifest(context, { repository, reference: tag, tags: [], contentType: mediaType, bytes, actor, isSparse: true });
}
