import type { ImageService, PushRequest } from "#image/types.ts";
import type { Events } from "../ports.ts";

/** `POST /images/{name}/push`. Errors are the image service's. */
export function pushImage(deps: { readonly images: ImageService; readonly events: Events }) {
  return async (request: PushRequest): Promise<void> => {
    await deps.images.push(request);
    const name = request.reference.replace(/(:[^/@]*)?(@.*)?$/, "");
    deps.events.publish({ type: "image", action: "push", id: request.reference, attributes: { name } });
  };
}
