import type { Platform } from "#spec/oci/platform.ts";
import { parseImageConfig } from "#spec/oci/parse-image.ts";
import type { ImageRows } from "./image-catalog.ts";
import { leadingVariant } from "./variant-for.ts";

interface Deps {
  readonly rows: Pick<ImageRows, "variantsOf" | "find" | "referencesOfIndex" | "moveReference">;
  readonly hostPlatform: Platform;
}

/**
 * Make every name of an index mean the image that is taken when nobody asks for a platform, after an image came to it or
 * went. Of equals it is `preferred`. Returns its id.
 */
export function settleLeading(deps: Deps, indexDigest: string, preferred: string): string {
  const imageId = leadingOf(deps, indexDigest, preferred);
  for (const row of deps.rows.referencesOfIndex(indexDigest))
    if (row.imageId !== imageId) deps.rows.moveReference({ ...row, imageId });
  return imageId;
}

function leadingOf(deps: Deps, indexDigest: string, preferred: string): string {
  const ids = [preferred, ...deps.rows.variantsOf(indexDigest).filter((id) => id !== preferred)];
  const variants = ids.flatMap((id) => {
    const row = deps.rows.find(id);
    return row === undefined ? [] : [{ id, config: parseImageConfig(row.config) }];
  });
  return leadingVariant(deps.hostPlatform, variants)?.id ?? preferred;
}
