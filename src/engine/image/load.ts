import type { ImageService, LoadRequest } from "#image/types.ts";
import type { Events } from "../ports.ts";

/** `POST /images/load`. docker-compat: images are named by id only when nothing in the archive has a name. */
export function loadImages(deps: { readonly images: ImageService; readonly events: Events }) {
  return async (request: LoadRequest): Promise<void> => {
    const loaded = await deps.images.load(request);
    for (const { id, references } of loaded) {
      for (const reference of references) request.onText(`Loaded image: ${reference}\n`);
      deps.events.publish({ type: "image", action: "load", id, attributes: { name: id } });
    }
    if (loaded.some(({ references }) => references.length > 0)) return;
    for (const { id } of loaded) request.onText(`Loaded image ID: ${id}\n`);
  };
}
