import { BerthError } from "#base/errors.ts";
import { isTag, withTag, type Reference } from "#spec/oci/reference.ts";

/** A repository's name with a tag of its own parameter, if any. docker-compat: `invalid-parameter` in words of its own. */
export function tagged(repository: Reference, tag: string): Reference {
  if (tag === "") return repository;
  if (!isTag(tag)) throw new BerthError("invalid-parameter", "invalid tag format");
  return withTag(repository, tag);
}
