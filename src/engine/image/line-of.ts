import { isBerthError } from "#base/errors.ts";
import type { ImageService, StoredImage } from "#image/types.ts";

/** An image, the one it was made of, and so on to the oldest that is here. */
export async function lineOf(
  images: Pick<ImageService, "resolve">,
  image: StoredImage,
): Promise<readonly StoredImage[]> {
  const line = [image];
  for (let next = image.parentId; next !== undefined;) {
    const parent = await images.resolve(next).catch((error: unknown) => {
      if (isBerthError(error, "not-found")) return undefined;
      throw error;
    });
    if (parent === undefined) break;
    line.push(parent);
    next = parent.parentId;
  }
  return line;
}

/** Ids of the images that others of these were made of. */
export function parentsIn(images: readonly StoredImage[]): ReadonlySet<string> {
  return new Set(images.flatMap(({ parentId }) => parentId ?? []));
}
