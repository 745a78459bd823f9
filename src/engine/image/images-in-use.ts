import type { ContainerRegistry } from "../container/registry.ts";

/** Ids of the images that containers have, as their root or mounted. */
export function imagesInUse(registry: ContainerRegistry): ReadonlySet<string> {
  return new Set(
    registry
      .all()
      .flatMap(({ spec }) => [
        spec.image.id,
        ...spec.mounts.flatMap((mount) => (mount.type === "image" ? [mount.imageId] : [])),
      ]),
  );
}
