import type { StoredImage } from "#image/types.ts";

/** Bytes of every layer that some of these images have, by diff id. */
export function uniqueLayers(images: readonly StoredImage[]): ReadonlyMap<string, number> {
  return new Map(images.flatMap(({ layers }) => layers.map(({ diffId, sizeBytes }) => [diffId, sizeBytes] as const)));
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
