import { BerthError } from "#base/errors.ts";
import { isDigest } from "#base/digest.ts";
import { familiarName, isTag, parseReference, withDefaultTag, withTag, type Reference } from "#spec/oci/reference.ts";

/** A repository's name with a tag of its own parameter, if any. docker-compat: `invalid-parameter` in words of its own. */
function tagged(repository: Reference, tag: string): Reference {
  if (tag === "") return repository;
  if (!isTag(tag)) throw new BerthError("invalid-parameter", "invalid tag format");
  return withTag(repository, tag);
}

/** The name that an image is to get, `latest` where there is no tag. `invalid-parameter` for a digest, and for what looks like one. */
export function newName(repository: string, tag: string): Reference {
  const reference = parseReference(repository);
  if (reference.digest !== undefined) throw new BerthError("invalid-parameter", "cannot import digest reference");
  if (familiarName(reference) === "sha256")
    throw new BerthError("invalid-parameter", "refusing to create an ambiguous tag using digest algorithm as name");
  return withDefaultTag(tagged(reference, tag));
}

/** What is pulled or pushed: a name with the tag or digest of a parameter of its own, which counts before its own. */
export function withParameter(name: string, tag: string): string {
  if (tag === "") return name;
  const bare = name.replace(/@.*$/su, "").replace(/:[^/:]*$/u, "");
  if (isDigest(tag)) return `${bare}@${tag}`;
  if (!isTag(tag)) throw new BerthError("invalid-parameter", "invalid tag format");
  return `${bare}:${tag}`;
}
