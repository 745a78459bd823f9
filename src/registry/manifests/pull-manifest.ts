import { isDigest } from "#base/digest.ts";
import type { Actor } from "../actor.ts";
import type { RegistryContext } from "../context.ts";
import type { ManifestRow } from "../database/manifest-rows.ts";
import { manifestUnknown } from "../failure.ts";

/** The bytes of a manifest that was found by `reference`, for who takes it home: a pull. */
export function pullManifest(
  context: RegistryContext,
  repository: string,
  reference: string,
  manifest: ManifestRow,
  actor: Actor,
): Uint8Array {
  const { digest, mediaType, sizeBytes } = manifest;
  const bytes = context.manifests.bytes(digest);
  if (bytes === undefined) throw manifestUnknown(repository, reference);
  const tag = isDigest(reference) ? {} : { tag: reference };
  const event = { repository, digest, mediaType, sizeBytes, ...tag, isManifest: true };
  context.events.emit({ action: "pull", ...event, actor, atMs: context.now() });
  return bytes;
}
