import type { ImageService, StoredImage } from "#image/types.ts";

type Parts = ReadonlyMap<string, number>;

/**
 * Everything that is kept of an image, on every platform, with its bytes: layers as they are unpacked, and manifests,
 * configs and layers as they came. Keys are those of {@link ImageService.stored}; what images share has one key.
 */
export function partsOf(images: Pick<ImageService, "blobsOf">, image: StoredImage): Parts {
  const family = [image, ...image.variants];
  return new Map([
    ...family.flatMap(({ layers }) => layers.map(({ diffId, sizeBytes }) => [layerKey(diffId), sizeBytes] as const)),
    ...family.flatMap(({ id }) => [...images.blobsOf(id)]),
  ]);
}

/** What an unpacked layer is kept under. */
export const layerKey = (diffId: string): string => `layer ${diffId}`;

export const bytesOf = (parts: Parts): number => [...parts.values()].reduce((sum, bytes) => sum + bytes, 0);

/** Of several images, each part once. */
export function allParts(images: Pick<ImageService, "blobsOf">, of: readonly StoredImage[]): Parts {
  return new Map(of.flatMap((image) => [...partsOf(images, image)]));
}
