import type { ImageService } from "#image/types.ts";
import { familiarString } from "#spec/oci/reference.ts";
import type { Events } from "../ports.ts";
import { newName } from "./tagged.ts";

/** `POST /images/{name}/tag`. `not-found` for the image, `invalid-parameter` for the new name. */
export function tagImage(deps: { readonly images: ImageService; readonly events: Events }) {
  return async (name: string, target: { readonly repository: string; readonly tag: string }): Promise<void> => {
    const reference = familiarString(newName(target.repository, target.tag));
    const image = await deps.images.resolve(name);
    await deps.images.tag(name, reference);
    deps.events.publish({ type: "image", action: "tag", id: image.id, attributes: { name: reference } });
  };
}
