import { cancelled } from "#base/errors.ts";
import type { Lease } from "#content/leases.ts";
import { IncomingLayer } from "./incoming-layer.ts";
import type { MadeLayer, MakerDeps } from "./types.ts";

/** See {@link import("./image-maker.ts").ImageMaker.layerFromArchive}. Unpacks while the stream comes in. */
export async function layerFromArchive(
  deps: Pick<MakerDeps, "blobs" | "layers" | "unpacker">,
  archive: AsyncIterable<Uint8Array>,
  lease: Lease,
  signal?: AbortSignal,
): Promise<MadeLayer> {
  const layer = new IncomingLayer(deps);
  try {
    for await (const chunk of archive) {
      if (signal?.aborted === true) throw cancelled();
      // What cannot be unpacked need not be received to its end.
      if (layer.failed) await layer.unpacked;
      await layer.write(chunk);
    }
    await layer.end();
    return await layer.take(lease);
  } catch (error) {
    await layer.abort();
    throw error;
  }
}
