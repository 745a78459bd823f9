import { BerthError, messageOf } from "#base/errors.ts";
import { isTag, parseReference, type Reference } from "#spec/oci/reference.ts";

/** containerd's name of the whole reference; OCI image-spec `annotations.md` has the tag alone, and some the reference. */
const NAME = "io.containerd.image.name";
const REF_NAME = "org.opencontainers.image.ref.name";

/** What an entry of a layout says it is called. `invalid-parameter` for what is no name. */
export function annotatedNames(annotations: Readonly<Record<string, string>>): readonly Reference[] {
  const name = annotations[NAME] ?? annotations[REF_NAME];
  // A tag alone names nothing.
  if (name === undefined || (annotations[NAME] === undefined && isTag(name))) return [];
  return [taggedReference(name)];
}

/** A name with its tag. `invalid-parameter` otherwise. */
export function taggedReference(text: string): Reference {
  let reference: Reference;
  try {
    reference = parseReference(text);
  } catch (cause) {
    throw new BerthError("invalid-parameter", `invalid archive: ${JSON.stringify(text)}: ${messageOf(cause)}`, {
      cause,
    });
  }
  if (reference.tag === undefined || reference.digest !== undefined) {
    throw new BerthError("invalid-parameter", `invalid tag ${JSON.stringify(text)}`);
  }
  return reference;
}
