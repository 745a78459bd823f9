import type { BlobStore } from "#content/blob-store.ts";
import { blobBytes } from "#image/blob-bytes.ts";
import { isForeign, type Publishable } from "#image/manifest-of.ts";
import type { ImageSink } from "#image/sink.ts";
import type { SourceManifest } from "#image/source.ts";
import type { Descriptor } from "#spec/oci/image.ts";

/** What is pushed: a root with the manifests below it. */
export interface Pushable {
  readonly root: SourceManifest;
  readonly manifests: readonly Publishable[];
}

/**
 * Bring a bundle to a repository: what the registry lacks of its blobs, then the manifests, then the root under its name, so
 * that nobody ever sees a part without the rest. Errors are the registry's.
 */
export async function pushBundle(
  blobs: Pick<BlobStore, "path" | "has">,
  sink: ImageSink,
  { root, manifests }: Pushable,
  request: {
    /** Undefined: by its digest alone. */
    readonly tag: string | undefined;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { tag, signal } = request;
  const parts = new Map<string, Descriptor>();
  for (const { manifest } of manifests)
    for (const part of [...manifest.layers, manifest.config])
      if (!isForeign(part) || blobs.has(part.digest)) parts.set(part.digest, part);
  for (const part of parts.values()) {
    if (await sink.hasBlob(part.digest, signal)) continue;
    const options = { signal, onProgress: () => {}, onRetry: () => {} };
    await sink.putBlob(part, (offset) => blobBytes(blobs, part, offset), options);
  }
  for (const { document } of manifests)
    if (document.digest !== root.digest) await sink.putManifest({ digest: document.digest }, document, signal);
  await sink.putManifest(tag === undefined ? { digest: root.digest } : { tag }, root, signal);
}
