import { ZERO_TIME } from "#base/time.ts";
import type { ImageService, StoredImage } from "#image/types.ts";
import { containerConfig, type ContainerConfig } from "#spec/docker/container-config.ts";
import type { ImageInspect } from "#spec/docker/image.ts";
import type { Platform } from "#spec/oci/platform.ts";
import type { ContainerRegistry } from "../container/registry.ts";
import { unpackedSize } from "./layer-sharing.ts";
import { bytesOf, partsOf } from "./image-parts.ts";
import { identityOf, manifestSummaries } from "./manifest-summaries.ts";
import { decode } from "#spec/docker/schema.ts";

/** `GET /images/{name}/json`. `not-found` when the image is of another platform than `platform`. */
export function inspectImage(deps: { readonly images: ImageService; readonly registry: ContainerRegistry }) {
  return async (
    name: string,
    options: { readonly platform: Platform | undefined; readonly manifests: boolean },
  ): Promise<ImageInspect> => {
    const image = await deps.images.resolve(name, options.platform);
    const { target, manifests } = manifestSummaries(deps, image);
    return {
      ...inspection(image),
      ...(image.artifactType === undefined ? {} : { Size: bytesOf(partsOf(deps.images, image)) }),
      Descriptor: options.platform === undefined ? target : image.manifest,
      ...(options.manifests ? { Manifests: manifests } : {}),
      ...(image.repoDigests.length === 0 ? {} : { Identity: identityOf(image) }),
    };
  };
}

function inspection(image: StoredImage): ImageInspect {
  const { config } = image;
  return {
    Id: image.id,
    RepoTags: image.repoTags,
    RepoDigests: image.repoDigests,
    Parent: image.parentId ?? "",
    Comment: config.comment ?? config.history?.at(-1)?.comment ?? "",
    Created: config.created ?? ZERO_TIME,
    DockerVersion: config.docker_version ?? "",
    Author: config.author ?? "",
    Config: containerConfig.print(decode(containerConfig, config.config ?? {})) as Partial<ContainerConfig>,
    Architecture: config.architecture,
    ...(config.variant === undefined ? {} : { Variant: config.variant }),
    Os: config.os,
    ...(config["os.version"] === undefined ? {} : { OsVersion: config["os.version"] }),
    Size: unpackedSize(image),
    GraphDriver: { Data: null, Name: "overlay2" },
    RootFS: { Type: "layers", Layers: image.diffIds },
    Metadata: { LastTagTime: image.lastTaggedAt ?? ZERO_TIME },
  };
}
