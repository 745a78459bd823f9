import { BerthError, isBerthError } from "#base/errors.ts";
import type { BlobStore } from "#content/blob-store.ts";
import type { Lease } from "#content/leases.ts";
import type { Descriptor } from "#spec/oci/image.ts";
import { parseManifestDocument } from "#spec/oci/parse-image.ts";
import type { ImageSource } from "../source.ts";

/** All that one image's attestations may hold. */
const MAX_ATTACHED_BYTES = 256 << 20;

/**
 * Fetch manifests that speak about an image, with all that they name, and keep them as they are. What the registry does
 * not have is left out. The digests of what is here now come into `kept`, also when it fails; the lease holds them.
 * `data-loss` for bytes that do not hash to their digest, `invalid-parameter` for more of them than is kept.
 */
export async function fetchAttached(request: {
  readonly source: ImageSource;
  readonly manifests: readonly Descriptor[];
  readonly blobs: BlobStore;
  readonly lease: Lease;
  readonly kept: Set<string>;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { source, manifests, blobs, lease, kept, signal } = request;
  let total = 0;
  for (const { digest, mediaType } of manifests) {
    try {
      const document = await source.manifest({ digest }, signal);
      const parsed = parseManifestDocument(document.bytes, mediaType);
      if (parsed.kind !== "manifest") continue;
      const parts = [parsed.manifest.config, ...parsed.manifest.layers];
      total += parts.reduce((sum, { size }) => sum + size, 0);
      if (total > MAX_ATTACHED_BYTES)
        throw new BerthError("invalid-parameter", "the image's attestations are too large");
      for (const part of parts) {
        lease.hold(part.digest);
        await fetchBlob({ ...request, blob: part });
        kept.add(part.digest);
      }
      lease.hold(digest);
      await blobs.put(digest, document.bytes, { durable: false });
      kept.add(digest);
    } catch (error) {
      if (!isBerthError(error, "not-found")) throw error;
    }
  }
}

async function fetchBlob(request: {
  readonly source: ImageSource;
  readonly blob: Descriptor;
  readonly blobs: BlobStore;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { source, blob, blobs, signal } = request;
  if (blobs.has(blob.digest)) return;
  const ingest = blobs.begin(blob);
  try {
    for await (const chunk of source.blob(blob, { signal, onRetry: () => {} })) await ingest.write(chunk);
    await ingest.commit({ durable: false });
  } catch (error) {
    await ingest.abort();
    throw error;
  }
}
