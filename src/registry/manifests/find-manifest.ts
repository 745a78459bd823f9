import { isDigest } from "#base/digest.ts";
import type { RegistryContext } from "../context.ts";
import type { ManifestRow } from "../database/manifest-rows.ts";
import { manifestUnknown } from "../failure.ts";
import { findRepository } from "../repositories/repository.ts";

/**
 * The manifest that a tag or digest names. `NAME_UNKNOWN`; `MANIFEST_UNKNOWN` also for what can be no tag, as nothing is
 * there (distribution-spec, "Pulling manifests").
 */
export function findManifest(context: RegistryContext, repository: string, reference: string): ManifestRow {
  const { id } = findRepository(context, repository);
  const found = isDigest(reference) ? context.manifests.find(id, reference) : context.manifests.byTag(id, reference);
  if (found === undefined) throw manifestUnknown(repository, reference);
  return found;
}
