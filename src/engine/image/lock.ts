import type { ImageService } from "#image/types.ts";
import type { Events } from "../ports.ts";

/**
 * `POST /berth/images/{name}/lock` and `/unlock`: a locked image keeps its last name and stays, whatever rmi, force, prune
 * and the clean-up want; all platforms of it. Locking twice is no error. `not-found`.
 */
export function lockImage(deps: { readonly images: ImageService; readonly events: Events }) {
  return async (name: string, locked: boolean): Promise<void> => {
    const image = await deps.images.resolve(name);
    for (const { id } of [image, ...image.variants]) deps.images.setLocked(id, locked);
    deps.events.publish({ type: "image", action: locked ? "lock" : "unlock", id: image.id, attributes: { name } });
  };
}
