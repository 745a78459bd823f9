import { BerthError } from "#base/errors.ts";
import type { ImageMaker } from "#image/make/image-maker.ts";
import type { FetchLayer } from "./build-cache.ts";

/** {@link FetchLayer}: unpacks a layer while it comes in. `data-loss` when it is not the one that was promised. */
export async function fetchLayer(maker: ImageMaker, ...wanted: Parameters<FetchLayer>): Promise<void> {
  const [{ diffId, blob }, source, signal, record] = wanted;
  const lease = maker.lease();
  try {
    const made = await maker.layerFromArchive(source.blob(blob, { signal, onRetry: () => {} }), lease, signal);
    if (made.diffId !== diffId || made.blob.digest !== blob.digest)
      throw new BerthError("data-loss", `layer ${diffId} of the cache is damaged where it comes from`);
    record();
  } finally {
    const { keys } = lease;
    lease.release();
    // The tree is enough: its archive is made again when an image needs it.
    await maker.drop(keys.filter((key) => key === blob.digest));
  }
}
