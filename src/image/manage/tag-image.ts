import { BerthError } from "#base/errors.ts";
import { canonicalName, parseReference } from "#spec/oci/reference.ts";
import { referenceSuffix, type ImageCatalog, type ImageRows } from "../image-catalog.ts";

/**
 * Point `text` (tag `latest` by default) at what `nameOrId` means, the whole index where it is one. `invalid-parameter` for
 * a digest reference, `not-found`.
 */
export function tagImage(
  deps: { readonly rows: ImageRows; readonly catalog: ImageCatalog },
  nameOrId: string,
  text: string,
  now: string,
): void {
  const reference = parseReference(text);
  if (reference.digest !== undefined) {
    throw new BerthError("invalid-parameter", "refusing to create a tag with a digest reference");
  }
  const { imageId, indexDigest } = deps.catalog.target(nameOrId);
  const name = { name: canonicalName(reference), suffix: referenceSuffix(reference), imageId, indexDigest };
  deps.rows.putReference(name, now);
}
