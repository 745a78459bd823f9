import type { ImageService } from "#image/types.ts";
import type { Snapshotter } from "#snapshot/types.ts";
import { lineOf } from "./line-of.ts";
import type { Platform } from "#spec/oci/platform.ts";
import type { ImageDeleteItem } from "#spec/docker/image.ts";
import type { ContainerRegistry } from "../container/registry.ts";
import type { ContainerSpec } from "../container/spec.ts";
import { prepareSnapshot } from "../container/files/prepare-snapshot.ts";
import { isLive } from "../container/status.ts";
import type { Events } from "../ports.ts";

/** The image of its root, and those it has mounted. */
const imagesOf = ({ image, mounts }: ContainerSpec): readonly string[] => [
  image.id,
  ...mounts.flatMap((mount) => (mount.type === "image" ? [mount.imageId] : [])),
];

export type RemoveImage = (
  name: string,
  options: { readonly force: boolean; readonly prune: boolean; readonly platforms?: readonly Platform[] },
) => Promise<readonly ImageDeleteItem[]>;

/** `DELETE /images/{name}`: untag, and delete when nothing refers to the image any more. `conflict` when it is in use. */
export function removeImage(deps: {
  readonly images: ImageService;
  readonly registry: ContainerRegistry;
  readonly events: Events;
  readonly snapshots: Pick<Snapshotter, "prepare">;
}): RemoveImage {
  return async (name, options) => {
    const { platforms = [], ...how } = options;
    const image = await deps.images.resolve(name);
    const { id } = image;
    const users = deps.registry.all().flatMap((container) =>
      imagesOf(container.spec).map((imageId) => ({
        containerId: container.id,
        imageId,
        running: isLive(container.status) || container.status.state === "starting",
      })),
    );
    const lines = await Promise.all([image, ...image.variants].map((each) => lineOf(deps.images, each)));
    if (how.force)
      // They can be started when their image is gone: from now on their views hold its layers.
      for (const { spec, status } of deps.registry.all())
        if (spec.image.id === id && !isLive(status)) await prepareSnapshot(deps, spec);
    const ids = new Set(lines.flatMap((line) => line.map((each) => each.id)));
    const items = await deps.images.remove({ nameOrId: name, platforms, ...how, users });
    for (const item of items) {
      if ("Untagged" in item)
        deps.events.publish({ type: "image", action: "untag", id, attributes: { name: item.Untagged } });
      else if (ids.has(item.Deleted))
        deps.events.publish({
          type: "image",
          action: "delete",
          id: item.Deleted,
          attributes: { name: item.Deleted },
        });
    }
    return items;
  };
}
