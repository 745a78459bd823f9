import type { ImageService, StoredImage } from "#image/types.ts";
import type { ImageManifestSummary } from "#spec/docker/image.ts";
import type { ContainerRegistry } from "../container/registry.ts";

/** The manifests behind an image as the API shows them; what is not here has no size. */
export function manifestSummaries(
  deps: { readonly images: Pick<ImageService, "manifests">; readonly registry: ContainerRegistry },
  image: StoredImage,
): readonly ImageManifestSummary[] {
  const { config } = image;
  return deps.images.manifests(image).map(({ kind, descriptor, isHere, contentBytes, of }): ImageManifestSummary => {
    const unpacked = isHere ? image.sizeBytes : 0;
    const { architecture, os, variant } = isHere ? config : { architecture: "", os: "", variant: undefined };
    const platform = descriptor.platform ?? { architecture, os, ...(variant === undefined ? {} : { variant }) };
    const users = deps.registry.all().filter(({ spec }) => isHere && spec.image.id === image.id);
    return {
      ID: descriptor.digest,
      Descriptor: descriptor,
      Available: isHere,
      Size: { Content: contentBytes, Total: contentBytes + unpacked },
      Kind: kind,
      ...(kind === "image"
        ? { ImageData: { Platform: platform, Size: { Unpacked: unpacked }, Containers: users.map(({ id }) => id) } }
        : {}),
      ...(kind === "attestation" ? { AttestationData: { For: of ?? "" } } : {}),
    };
  });
}
