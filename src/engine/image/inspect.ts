import { ZERO_TIME } from "#base/time.ts";
import type { ImageService, StoredImage } from "#image/types.ts";
import { containerConfig, type ContainerConfig } from "#spec/docker/container-config.ts";
import type { ImageInspect } from "#spec/docker/image.ts";
import { decode } from "#spec/docker/schema.ts";

/** `GET /images/{name}/json`. */
export function inspectImage(deps: { readonly images: ImageService }) {
  return async (name: string): Promise<ImageInspect> => inspection(await deps.images.resolve(name));
}

function inspection(image: StoredImage): ImageInspect {
  const { config } = image;
  return {
    Id: image.id,
    RepoTags: image.repoTags,
    RepoDigests: image.repoDigests,
    Parent: "",
    Comment: config.comment ?? config.history?.at(-1)?.comment ?? "",
    Created: config.created ?? ZERO_TIME,
    DockerVersion: config.docker_version ?? "",
    Author: config.author ?? "",
    Config: containerConfig.print(decode(containerConfig, config.config ?? {})) as Partial<ContainerConfig>,
    Architecture: config.architecture,
    ...(config.variant === undefined ? {} : { Variant: config.variant }),
    Os: config.os,
    ...(config["os.version"] === undefined ? {} : { OsVersion: config["os.version"] }),
    Size: image.sizeBytes,
    GraphDriver: { Data: null, Name: "overlay2" },
    RootFS: { Type: "layers", Layers: image.diffIds },
    Metadata: { LastTagTime: image.lastTaggedAt ?? ZERO_TIME },
  };
}
