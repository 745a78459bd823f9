import type { ImageService, PushRequest } from "#image/types.ts";
import type { Platform } from "#spec/oci/platform.ts";
import type { Events } from "../ports.ts";
import { requirePlatform } from "./require-platform.ts";

/** `POST /images/{name}/push`. Errors are the image service's; a `platform` must be the image's. */
export function pushImage(deps: { readonly images: ImageService; readonly events: Events }) {
  return async (request: PushRequest & { readonly platform: Platform | undefined }): Promise<void> => {
    const { platform, ...push } = request;
    if (platform !== undefined) {
      requirePlatform(await deps.images.resolve(request.reference), request.reference, platform);
    }
    await deps.images.push(push);
    const name = request.reference.replace(/(:[^/@]*)?(@.*)?$/, "");
    deps.events.publish({ type: "image", action: "push", id: request.reference, attributes: { name } });
  };
}
