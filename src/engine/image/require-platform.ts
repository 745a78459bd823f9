import { BerthError } from "#base/errors.ts";
import type { StoredImage } from "#image/types.ts";
import { formatPlatform, platformRank, type Platform } from "#spec/oci/platform.ts";

/** An image here is of one platform: `not-found` in Docker's words when another one is wanted. */
export function requirePlatform(image: StoredImage, name: string, wanted: Platform | undefined): void {
  const { config } = image;
  if (wanted === undefined || config.architecture === "" || platformRank(wanted, config) === 0) return;
  throw new BerthError(
    "not-found",
    `image with reference ${name} was found but its platform (${formatPlatform(config)}) ` +
      `does not match the specified platform (${formatPlatform(wanted)})`,
  );
}
