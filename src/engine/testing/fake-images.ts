import { setTimeout as pause } from "node:timers/promises";
import { BerthError } from "#base/errors.ts";
import type { ImageService, StoredImage } from "#image/types.ts";
import type { ContainerDefaults } from "#spec/oci/image.ts";

/** What the images need of the world they are in. */
export interface FakeImageWorld {
  /** By name. */
  readonly images: Map<string, StoredImage>;
  readonly listMs: number;
  addImage(name: string, config: ContainerDefaults): StoredImage;
}

/** Images that are names and configs, nothing else; pulls find what is there already. */
export function fakeImages(world: FakeImageWorld): ImageService {
  const { images } = world;
  const find = (name: string): StoredImage | undefined =>
    images.get(name) ?? images.get(`${name}:latest`) ?? [...images.values()].find((image) => image.id === name);
  const resolve = async (name: string): Promise<StoredImage> => {
    const image = find(name);
    if (image === undefined) throw new BerthError("not-found", `No such image: ${name}`);
    return image;
  };
  const digest = `sha256:${"0".repeat(64)}`;
  return {
    resolve,
    basis: resolve,
    list: () => pause(world.listMs).then(() => [...images.values()]),
    pull: async ({ reference, onProgress }) => {
      const image = find(reference);
      if (image === undefined)
        throw new BerthError("not-found", `manifest for ${reference} not found: manifest unknown: manifest unknown`);
      onProgress({ status: "Pulling from library/busybox", id: "latest" });
      onProgress({ status: `Status: Image is up to date for ${reference}` });
      return image;
    },
    push: async ({ reference, onProgress, onPushed }) => {
      onProgress({ status: `The push refers to repository [docker.io/library/${reference}]` });
      onPushed({ tag: "latest", digest, sizeBytes: 1 });
    },
    check: async () => ({ images: images.size, blobs: 0, layers: 0, problems: [] }),
    setLocked: () => {},
    touch: () => {},
    blobsOf: () => new Map(),
    stored: () =>
      new Map(
        [...images.values()].flatMap(({ layers }) =>
          layers.map(({ diffId, sizeBytes }) => [`layer ${diffId}`, sizeBytes]),
        ),
      ),
    attestations: () => [],
    copy: async () => digest,
    manifests: (image) => ({ target: image.manifest, manifests: [] }),
    save: async ({ names }) => ({ ids: names, chunks: nothing() }),
    layersToSave: () => [],
    missingLayers: (layers) => layers.map(({ digest }) => digest),
    load: async () => [],
    importRoot: async ({ reference, config }) => world.addImage(reference ?? "<none>", config),
    tag: async (id, reference) => {
      const image = find(id);
      if (image !== undefined) images.set(reference, { ...image, repoTags: [reference] });
    },
    commit: async ({ reference, config }) => world.addImage(reference ?? "<none>", config),
    remove: async ({ nameOrId }) => [{ Untagged: nameOrId }],
  };
}

async function* nothing(): AsyncIterable<Uint8Array> {
  yield new Uint8Array();
}
