import type { Limit } from "#base/async.ts";
import { BerthError, cancelled } from "#base/errors.ts";
import { shortId } from "#base/ids.ts";
import type { BlobStore } from "#content/blob-store.ts";
import type { Leases } from "#content/leases.ts";
import type { Descriptor, Manifest } from "#spec/oci/image.ts";
import { canonicalName, type Reference } from "#spec/oci/reference.ts";
import { blobBytes } from "../blob-bytes.ts";
import { ThrottledProgress } from "../pull/throttled-progress.ts";
import type { ImageRows } from "../image-catalog.ts";
import type { OnProgress } from "../shared-work.ts";
import type { ImageSink } from "../sink.ts";
import type { SourceManifest } from "../source.ts";
import type { Pushed, StoredImage } from "../types.ts";
import { isForeign, type Publishable } from "../manifest-of.ts";

export interface PushDeps {
  readonly rows: ImageRows;
  readonly blobs: BlobStore;
  readonly leases: Leases;
  /** Layers on their way at a time, all pushes together. */
  readonly uploads: Limit;
  /** RFC 3339. */
  readonly now: () => string;
}

/** One image and where it is to go. */
export interface ImagePush {
  readonly image: StoredImage;
  readonly published: Publishable;
  /** With its tag. */
  readonly reference: Reference;
  readonly sink: ImageSink;
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
}

/** Bring one image to a repository under a tag. The image gets `name@digest` here too, as after a pull. */
export async function pushImage(deps: PushDeps, push: ImagePush): Promise<Pushed> {
  const tag = push.reference.tag ?? "latest";
  await pushContent(deps, push, { tag });
  return pushed(deps, push, push.published.document);
}

/** Note and tell that an image, or an index of which it is the leading one, is at the registry. */
export function pushed(
  deps: Pick<PushDeps, "rows" | "now">,
  { image, reference, onProgress }: Pick<ImagePush, "image" | "reference" | "onProgress">,
  document: SourceManifest,
  indexDigest?: string,
): Pushed {
  const tag = reference.tag ?? "latest";
  const name = { name: canonicalName(reference), suffix: `@${document.digest}`, imageId: image.id, indexDigest };
  // Somebody may have removed it while it was on its way.
  const isHere = deps.rows.find(image.id) !== undefined;
  if (isHere && deps.rows.findReference(name.name, name.suffix)?.imageId !== image.id)
    deps.rows.putReference(name, deps.now());
  const sizeBytes = document.bytes.length;
  onProgress({ status: `${tag}: digest: ${document.digest} size: ${sizeBytes}` });
  return { tag, digest: document.digest, sizeBytes };
}

/**
 * Layers the registry lacks, several at a time, then the config, then the manifest, so that nobody ever sees an image with
 * a part missing.
 */
export async function pushContent(
  deps: PushDeps,
  request: ImagePush,
  target: { readonly tag: string } | { readonly digest: string },
): Promise<void> {
  const { image, published, reference, sink, onProgress } = request;
  const { manifest, document } = published;
  const lease = deps.leases.acquire();
  for (const { digest } of [manifest.config, ...manifest.layers, { digest: document.digest }]) lease.hold(digest);
  const stop = new AbortController();
  const signal = AbortSignal.any([request.signal, stop.signal]);
  try {
    const layers = topFirst(manifest, image.diffIds);
    for (const { id } of layers) onProgress({ status: "Preparing", progressDetail: {}, id });
    const work = layers.map(async (layer) => {
      try {
        await deps.uploads.run(() => pushLayer(deps, { ...layer, reference, sink, signal, onProgress }));
      } catch (error) {
        stop.abort();
        throw error;
      }
    });
    const outcomes = await Promise.allSettled(work);
    const failures = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as unknown] : []));
    if (failures.length > 0) throw failures.find((error) => !isCancelled(error)) ?? failures[0];
    if (!(await sink.hasBlob(manifest.config.digest, signal))) {
      const quiet = { signal, onProgress: () => {}, onRetry: () => {} };
      await sink.putBlob(manifest.config, (offset) => blobBytes(deps.blobs, manifest.config, offset), quiet);
    }
    await sink.putManifest(target, document, signal);
  } finally {
    lease.release();
  }
}

interface LayerToPush {
  readonly blob: Descriptor;
  readonly id: string;
}

/** docker-compat: layers are told from the top down, each by its diff id; one that comes twice is told once. */
function topFirst(manifest: Manifest, diffIds: readonly string[]): readonly LayerToPush[] {
  const layers = manifest.layers.map((blob, index) => ({ blob, id: shortId(diffIds[index] ?? blob.digest) }));
  return [...new Map(layers.toReversed().map((layer) => [layer.blob.digest, layer])).values()];
}

async function pushLayer(
  deps: PushDeps,
  request: LayerToPush & {
    readonly reference: Reference;
    readonly sink: ImageSink;
    readonly signal: AbortSignal;
    readonly onProgress: OnProgress;
  },
): Promise<void> {
  const { blob, id, sink, signal } = request;
  if (signal.aborted) throw cancelled();
  const progress = new ThrottledProgress(id, blob.size, request.onProgress);
  if (isForeign(blob)) {
    progress.state("Skipped foreign layer");
    return;
  }
  if (await sink.hasBlob(blob.digest, signal)) {
    progress.state("Layer already exists");
    return;
  }
  for (const from of mountSources(deps.rows, blob.digest, request.reference)) {
    if (!(await sink.mountBlob(blob.digest, from, signal))) continue;
    progress.state(`Mounted from ${from}`);
    return;
  }
  await sink.putBlob(blob, (offset) => blobBytes(deps.blobs, blob, offset), {
    signal,
    onProgress: (sent) => progress.pushing(sent),
    onRetry: (seconds) => progress.state(`Retrying in ${seconds} second${seconds === 1 ? "" : "s"}`),
  });
  progress.state("Pushed");
}

const MAX_MOUNT_TRIES = 3;

/** Paths of other repositories of the same registry that had a blob when we last heard of it. */
export function mountSources(rows: ImageRows, digest: string, { domain, path }: Reference): readonly string[] {
  return rows
    .repositoriesOfBlob(digest)
    .filter((name) => name.startsWith(`${domain}/`))
    .map((name) => name.slice(domain.length + 1))
    .filter((other) => other !== path)
    .slice(0, MAX_MOUNT_TRIES);
}

function isCancelled(error: unknown): boolean {
  return error instanceof BerthError && error.kind === "cancelled";
}
