import { BerthError } from "#base/errors.ts";
import { formatPlatform, platformRank, type Platform } from "#spec/oci/platform.ts";
import type { StoredImage } from "./types.ts";

/**
 * The image itself or the one of its variants that is made for a platform; an image that does not say what it is made for
 * suits every one. `not-found` in Docker's words when none is here.
 */
export function variantFor(image: StoredImage, name: string, wanted: Platform): StoredImage {
  const isMeant = ({ config }: StoredImage): boolean =>
    config.architecture === "" || platformRank(wanted, config) === 0;
  const found = [image, ...image.variants].find(isMeant);
  if (found !== undefined) return found;
  throw new BerthError(
    "not-found",
    `image with reference ${name} was found but its platform (${formatPlatform(image.config)}) ` +
      `does not match the specified platform (${formatPlatform(wanted)})`,
  );
}

/** Which of an index's images is taken when nobody asks for a platform: the host's best, then the first. */
export function leadingVariant<T extends { readonly config: Pick<StoredImage["config"], "architecture" | "os"> }>(
  host: Platform,
  variants: readonly T[],
): T | undefined {
  const rankOf = ({ config }: T): number => platformRank(host, config) ?? Number.POSITIVE_INFINITY;
  return variants.toSorted((a, b) => (rankOf(a) === rankOf(b) ? 0 : rankOf(a) - rankOf(b)))[0];
}
