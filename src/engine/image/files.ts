import { BerthError, isBerthError } from "#base/errors.ts";
import { randomHex } from "#base/ids.ts";
import { refuseArtifact } from "#image/artifact.ts";
import type { ImageService } from "#image/types.ts";
import type { Snapshotter } from "#snapshot/types.ts";
import type { ContainerView } from "../files/view.ts";
import type { ContainerFiles } from "../ports.ts";

/**
 * What is inside an image, without a container: a path of it with all below, or everything, as a tar archive. A snapshot
 * holds the layers while they are read. `not-found` for the image and for the path.
 */
export function imageFiles(deps: {
  readonly images: ImageService;
  readonly snapshots: Snapshotter;
  readonly containerFiles: ContainerFiles;
}) {
  return async (name: string, path: string): Promise<AsyncIterable<Uint8Array>> => {
    const image = await deps.images.resolve(name);
    refuseArtifact(image, name);
    const key = `files-${randomHex(8)}`;
    const { upperDir, workDir } = await deps.snapshots.prepare(key, image.diffIds);
    // Without the layer of mount points that containers have over their image.
    const lowerDirs = [...new Set(image.layers.map((layer) => layer.path).toReversed())];
    const view: ContainerView = {
      root: { kind: "overlay", lowerDirs, upperDir, workDir, access: "read" },
      readOnlyRoot: true,
      mounts: [],
    };
    const close = (): Promise<void> => deps.snapshots.remove(key);
    try {
      const isAll = path === "" || /^\/+$/.test(path);
      const chunks = isAll
        ? await deps.containerFiles.readAll(view)
        : (await deps.containerFiles.read(view, path)).chunks;
      return ended(chunks, close);
    } catch (error) {
      await close();
      if (!isBerthError(error, "not-found")) throw error;
      throw new BerthError("not-found", `Could not find the file ${path} in image ${name}`, { cause: error });
    }
  };
}

async function* ended(chunks: AsyncIterable<Uint8Array>, close: () => Promise<void>): AsyncIterable<Uint8Array> {
  try {
    yield* chunks;
  } finally {
    await close();
  }
}
