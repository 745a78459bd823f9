import { BerthError } from "#base/errors.ts";
import type { ImageService } from "#image/types.ts";
import type { Platform } from "#spec/oci/platform.ts";
import type { Events } from "../ports.ts";

/**
 * `GET /images/get` and `GET /images/{name}/get`. `not-found` for a name that is none, before there is any output; every
 * image must be here for each of `platforms` where some are given.
 */
export function saveImages(deps: { readonly images: ImageService; readonly events: Events }) {
  return async (
    names: readonly string[],
    platforms: readonly Platform[],
    without: ReadonlySet<string> = new Set(),
  ): Promise<AsyncIterable<Uint8Array>> => {
    if (names.length === 0) throw new BerthError("invalid-parameter", "no images to save: name some with ?names=");
    const { ids, chunks } = await deps.images.save({ names, platforms, without });
    for (const id of ids) deps.events.publish({ type: "image", action: "save", id, attributes: { name: id } });
    return chunks;
  };
}
