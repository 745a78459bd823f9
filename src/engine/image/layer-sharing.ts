import type { StoredImage } from "#image/types.ts";

/** Bytes of every layer that some of these images have, on whatever platform, by diff id. */
export function uniqueLayers(images: readonly StoredImage[]): ReadonlyMap<string, number> {
  const all = images.flatMap((image) => [image, ...image.variants]);
  return new Map(all.flatMap(({ layers }) => layers.map(({ diffId, sizeBytes }) => [diffId, sizeBytes] as const)));
}

/** Bytes of an image's layers: the sum of them, as Docker counts; with variants each layer once. */
export function unpackedSize(image: StoredImage): number {
  if (image.variants.length === 0) return image.sizeBytes;
  return [...uniqueLayers([image]).values()].reduce((sum, bytes) => sum + bytes, 0);
}

/** For each image id the bytes of its layers that another of these images has too. */
export function sharedSizes(images: readonly StoredImage[]): ReadonlyMap<string, number> {
  const users = new Map<string, number>();
  for (const image of images)
    for (const diffId of uniqueLayers([image]).keys()) users.set(diffId, (users.get(diffId) ?? 0) + 1);
  return new Map(
    images.map((image) => {
      const shared = [...uniqueLayers([image])].filter(([diffId]) => (users.get(diffId) ?? 0) > 1);
      return [image.id, shared.reduce((sum, [, bytes]) => sum + bytes, 0)];
    }),
  );
}
