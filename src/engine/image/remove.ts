import type { ImageService } from "#image/types.ts";
import type { ImageDeleteItem } from "#spec/docker/image.ts";
import type { ContainerRegistry } from "../container/registry.ts";
import { isLive } from "../container/status.ts";
import type { Events } from "../ports.ts";

/** `DELETE /images/{name}`: untag, and delete when nothing refers to the image any more. `conflict` when it is in use. */
export function removeImage(deps: {
  readonly images: ImageService;
  readonly registry: ContainerRegistry;
  readonly events: Events;
}) {
  return async (
    name: string,
    options: { readonly force: boolean; readonly prune: boolean },
  ): Promise<readonly ImageDeleteItem[]> => {
    const { id } = await deps.images.resolve(name);
    const users = deps.registry.all().map((container) => ({
      containerId: container.id,
      imageId: container.spec.image.id,
      running: isLive(container.status) || container.status.state === "starting",
    }));
    const items = await deps.images.remove({ nameOrId: name, ...options, users });
    for (const item of items) {
      if ("Untagged" in item)
        deps.events.publish({ type: "image", action: "untag", id, attributes: { name: item.Untagged } });
      else if (item.Deleted === id)
        deps.events.publish({ type: "image", action: "delete", id, attributes: { name: id } });
    }
    return items;
  };
}
