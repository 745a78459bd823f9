import type { ImageService } from "#image/types.ts";
import type { SystemCheck } from "#spec/berth/images.ts";

/** `POST /berth/system/check`: is all that is kept of images as it should be, and with `repair`, make it so. */
export function checkSystem(deps: { readonly images: ImageService }) {
  return async (options: { readonly repair: boolean }): Promise<SystemCheck> => {
    const { images, blobs, layers, problems } = await deps.images.check(options);
    return {
      Images: images,
      Blobs: blobs,
      Layers: layers,
      Problems: problems.map(({ kind, subject, message, imageIds, repaired }) => ({
        Kind: kind,
        Subject: subject,
        Message: message,
        Images: imageIds,
        Repaired: repaired,
      })),
    };
  };
}
