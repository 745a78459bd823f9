import type { Lease } from "#content/leases.ts";
import { sniffCompression, SNIFF_LENGTH } from "../unpack/decompress.ts";
import type { MadeLayer, MakerDeps } from "./types.ts";

/** See {@link import("./image-maker.ts").ImageMaker.layerFromArchive}. Unpacks while the stream comes in. */
export async function layerFromArchive(
  deps: Pick<MakerDeps, "blobs" | "layers" | "unpacker">,
  archive: AsyncIterable<Uint8Array>,
  lease: Lease,
  signal?: AbortSignal,
): Promise<MadeLayer> {
  const pending = deps.layers.begin();
  const spool = deps.blobs.beginUnnamed();
  const unpacking = deps.unpacker.start(spool.path, pending.treePath, () => {});
  let stopped = false;
  unpacking.result.catch(() => (stopped = true));
  spool.onWritten((size) => unpacking.grow(size));
  try {
    let head = new Uint8Array(0);
    for await (const chunk of archive) {
      signal?.throwIfAborted();
      // What cannot be unpacked need not be received to its end.
      if (stopped) await unpacking.result;
      if (head.length < SNIFF_LENGTH) head = Buffer.concat([head, chunk.subarray(0, SNIFF_LENGTH)]);
      await spool.write(chunk);
    }
    await spool.flush();
    unpacking.complete(spool.received);
    const unpacked = await unpacking.result;
    const digest = spool.digest();
    lease.hold(digest);
    lease.hold(unpacked.diffId);
    await spool.commit();
    await pending.commit(unpacked.diffId, unpacked.sizeBytes);
    return {
      diffId: unpacked.diffId,
      blob: { digest, sizeBytes: spool.received, compression: sniffCompression(head) },
      sizeBytes: unpacked.sizeBytes,
    };
  } catch (error) {
    unpacking.abort();
    await unpacking.result.catch(() => undefined);
    await spool.abort();
    await pending.abort();
    throw error;
  }
}
