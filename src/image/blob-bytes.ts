import { createHash } from "node:crypto";
import { digestAlgorithm, parseDigest } from "#base/digest.ts";
import { BerthError } from "#base/errors.ts";
import type { BlobStore } from "#content/blob-store.ts";
import { readChunks } from "#host/files/file-reader.ts";

/**
 * A blob's bytes from `offset` on; each chunk is the receiver's. One that is read from its beginning is checked, and its
 * last bytes are not given out when they are damaged (`data-loss`): nobody takes it for whole.
 */
export async function* blobBytes(
  blobs: Pick<BlobStore, "path">,
  { digest, size }: { readonly digest: string; readonly size: number },
  offset = 0,
): AsyncIterable<Uint8Array> {
  const algorithm = digestAlgorithm(parseDigest(digest));
  const hash = createHash(algorithm);
  let read = offset;
  for await (const shared of readChunks(blobs.path(digest), offset)) {
    read += shared.length;
    if (offset === 0) {
      hash.update(shared);
      if (read >= size && (read > size || `${algorithm}:${hash.copy().digest("hex")}` !== digest)) break;
    }
    yield new Uint8Array(shared);
    if (read === size) return;
  }
  if (size > 0) {
    throw new BerthError("data-loss", `blob ${digest} is damaged on disk: remove the image and pull it again`);
  }
}
