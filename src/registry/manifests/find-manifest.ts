import { isDigest } from "#base/digest.ts";
import { isTag } from "#spec/oci/reference.ts";
import type { RegistryContext } from "../context.ts";
import type { ManifestRow } from "../database/manifest-rows.ts";
import { manifestUnknown, tagInvalid } from "../failure.ts";
import { findRepository } from "../repositories/repository.ts";

/** The manifest that a tag or digest names. `NAME_UNKNOWN`, `MANIFEST_UNKNOWN`, `TAG_INVALID`. */
export function findManifest(context: RegistryContext, repository: string, reference: string): ManifestRow {
  const { id } = findRepository(context, repository);
  if (!isDigest(reference) && !isTag(reference)) throw tagInvalid(reference);
  const found = isDigest(reference) ? context.manifests.find(id, reference) : context.manifests.byTag(id, reference);
  if (found === undefined) throw manifestUnknown(repository, reference);
  return found;
}
