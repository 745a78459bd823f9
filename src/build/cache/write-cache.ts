import type { BlobStore } from "#content/blob-store.ts";
import type { Lease } from "#content/leases.ts";
import { blobBytes } from "#image/blob-bytes.ts";
import { blobName } from "#image/archive/archive-documents.ts";
import type { ImageMaker } from "#image/make/image-maker.ts";
import type { Publishable } from "#image/manifest-of.ts";
import type { ImageSinks } from "#image/sink.ts";
import type { RegistryAuth } from "#image/types.ts";
import type { Reference } from "#spec/oci/reference.ts";
import { END_OF_ARCHIVE } from "#spec/tar/encode-entry.ts";
import { layoutFile, layoutFolder, layoutMember } from "../export/layout-members.ts";
import { pushBundle } from "../export/push-bundle.ts";
import type { CacheTarget } from "./cache-target.ts";
import { cacheManifest, layoutIndex, type ExportedMount, type KeyedRecord } from "./export-cache.ts";

export interface WriteCacheDeps {
  readonly maker: ImageMaker;
  readonly blobs: BlobStore;
  readonly sources: ImageSinks;
}

/** Put a build's cache where it is to be found again. Errors are the registry's, and what `send` throws. */
export async function writeCache(
  deps: WriteCacheDeps,
  target: Exclude<CacheTarget, { readonly kind: "inline" }>,
  used: readonly KeyedRecord[],
  mounts: readonly ExportedMount[],
  context: {
    readonly lease: Lease;
    readonly signal: AbortSignal;
    readonly authFor: (reference: Reference) => RegistryAuth | undefined;
  },
): Promise<void> {
  const published = await cacheManifest(deps, used, mounts, target.form, context);
  if (target.kind === "layout") {
    for await (const chunk of layoutArchive(deps.blobs, published, target.tag)) await target.send(chunk);
    return;
  }
  const { reference } = target;
  const sink = deps.sources.openSink(reference, context.authFor(reference), []);
  const pushed = { root: published.document, manifests: [published] };
  await pushBundle(deps.blobs, sink, pushed, { tag: reference.tag ?? "latest", signal: context.signal });
}

async function* layoutArchive(
  blobs: Pick<BlobStore, "path">,
  published: Publishable,
  tag: string,
): AsyncGenerator<Uint8Array> {
  const { manifest, document } = published;
  yield layoutFolder("blobs");
  yield layoutFolder("blobs/sha256");
  const own = { digest: document.digest, size: document.bytes.length };
  const parts = new Map([own, manifest.config, ...manifest.layers].map((part) => [part.digest, part]));
  for (const part of parts.values()) yield* layoutMember(blobName(part.digest), part.size, blobBytes(blobs, part));
  yield* layoutFile("index.json", layoutIndex(published, tag));
  yield* layoutFile("oci-layout", { imageLayoutVersion: "1.0.0" });
  yield END_OF_ARCHIVE;
}
