import { BerthError } from "#base/errors.ts";
import { canonicalName, parseReference } from "#spec/oci/reference.ts";
import { referenceSuffix, type ImageRows } from "../image-catalog.ts";

/** Point `text` (tag `latest` by default) at an image. `invalid-parameter` for a digest reference, `not-found`. */
export function tagImage(rows: ImageRows, imageId: string, text: string, now: string): void {
  const reference = parseReference(text);
  if (reference.digest !== undefined) {
    throw new BerthError("invalid-parameter", "refusing to create a tag with a digest reference");
  }
  if (rows.find(imageId) === undefined) throw new BerthError("not-found", `No such image: ${imageId}`);
  rows.putReference({ name: canonicalName(reference), suffix: referenceSuffix(reference), imageId }, now);
}
