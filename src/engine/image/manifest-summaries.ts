import type { ImageManifestInfo, ImageService, StoredImage } from "#image/types.ts";
import type { ImageIdentity, ImageManifestSummary } from "#spec/docker/image.ts";
import type { Descriptor } from "#spec/oci/image.ts";
import { canonicalName, parseReference } from "#spec/oci/reference.ts";
import type { ContainerRegistry } from "../container/registry.ts";

interface Deps {
  readonly images: Pick<ImageService, "manifests">;
  readonly registry: ContainerRegistry;
}

/** What an image's names mean and the manifests behind it, as the API shows them; what is not here has no size. */
export function manifestSummaries(
  deps: Deps,
  image: StoredImage,
  options: { readonly withIdentity: boolean } = { withIdentity: false },
): { readonly target: Descriptor; readonly manifests: readonly ImageManifestSummary[] } {
  const { target, manifests } = deps.images.manifests(image);
  return {
    target,
    manifests: manifests.map((info) => summary(deps, info, options.withIdentity ? identityOf(image) : undefined)),
  };
}

/** docker-compat: names are told whole. Only pulls and pushes give an image a name with a digest, so no tag forges one. */
export function identityOf({ repoDigests }: StoredImage): ImageIdentity {
  const repositories = repoDigests.map((name) => canonicalName(parseReference(name)));
  return { Pull: [...new Set(repositories)].map((Repository) => ({ Repository })) };
}

function summary(deps: Deps, info: ImageManifestInfo, identity: ImageIdentity | undefined): ImageManifestSummary {
  const { kind, descriptor, isHere, image, contentBytes, of } = info;
  const unpacked = image?.sizeBytes ?? 0;
  const { architecture = "", os = "", variant } = image?.config ?? {};
  const platform = descriptor.platform ?? { architecture, os, ...(variant === undefined ? {} : { variant }) };
  const users = image === undefined ? [] : deps.registry.all().filter(({ spec }) => spec.image.id === image.id);
  return {
    ID: descriptor.digest,
    Descriptor: descriptor,
    Available: isHere,
    Size: { Content: contentBytes, Total: contentBytes + unpacked },
    Kind: kind,
    ...(kind === "image"
      ? {
          ImageData: {
            Platform: platform,
            ...(identity === undefined || image === undefined ? {} : { Identity: identity }),
            Size: { Unpacked: unpacked },
            Containers: users.map(({ id }) => id),
          },
        }
      : {}),
    ...(kind === "attestation" ? { AttestationData: { For: of ?? "" } } : {}),
  };
}
