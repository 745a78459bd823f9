import { Limit } from "#base/async.ts";
import { BerthError, cancelled } from "#base/errors.ts";
import { shortId } from "#base/ids.ts";
import type { Descriptor } from "#spec/oci/image.ts";
import { parseManifestDocument } from "#spec/oci/parse-image.ts";
import { withDefaultTag, type Reference } from "#spec/oci/reference.ts";
import { isForeign } from "../manifest-of.ts";
import { ThrottledProgress } from "../pull/throttled-progress.ts";
import type { OnProgress } from "../shared-work.ts";
import type { ImageSink } from "../sink.ts";
import type { ImageSource, SourceManifest } from "../source.ts";

const MAX_DEPTH = 4;
const PARALLEL_BLOBS = 4;
const MAX_DOCUMENTS = 1000;

/**
 * Bring what a reference names from one registry to another, byte for byte: images of every platform, attestations and
 * artifacts, without unpacking or keeping any of it here. Blobs go first, manifests after what they name, the name last, so
 * that nobody sees a part. Resolves to the digest.
 */
export async function copyImage(request: {
  readonly source: ImageSource;
  readonly from: Reference;
  readonly sink: ImageSink;
  readonly to: Reference;
  /** Path in the target's own registry that blobs can be taken over from; undefined when it is another registry. */
  readonly mountFrom: string | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
}): Promise<string> {
  const { source, sink, signal } = request;
  const from = withDefaultTag(request.from);
  const top = await source.manifest(
    from.digest === undefined ? { tag: from.tag ?? "" } : { digest: from.digest },
    signal,
  );
  request.onProgress({ status: `Copying ${top.digest}` });
  const documents: SourceManifest[] = [];
  const blobs = new Map<string, Descriptor>();
  await collect(source, top, 0, { documents, blobs }, signal);
  const limit = new Limit(PARALLEL_BLOBS);
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const outcomes = await Promise.allSettled(
    [...blobs.values()].map((blob) =>
      limit.run(async () => {
        if (both.aborted) throw cancelled();
        try {
          await copyBlob({ ...request, signal: both }, blob);
        } catch (error) {
          stop.abort();
          throw error;
        }
      }),
    ),
  );
  const failures = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as unknown] : []));
  const isCancelled = (error: unknown): boolean => error instanceof BerthError && error.kind === "cancelled";
  if (failures.length > 0) throw failures.find((error) => !isCancelled(error)) ?? failures[0];
  for (const document of documents) await sink.putManifest({ digest: document.digest }, document, signal);
  const to = withDefaultTag(request.to);
  if (to.tag !== undefined) await sink.putManifest({ tag: to.tag }, top, signal);
  return top.digest;
}

/** Everything a manifest names, what is named before what names it. */
async function collect(
  source: ImageSource,
  document: SourceManifest,
  depth: number,
  found: { readonly documents: SourceManifest[]; readonly blobs: Map<string, Descriptor> },
  signal: AbortSignal,
): Promise<void> {
  if (depth > MAX_DEPTH || found.documents.length >= MAX_DOCUMENTS) {
    throw new BerthError("invalid-parameter", "the image's index is nested too deeply or names too much");
  }
  if (found.documents.some(({ digest }) => digest === document.digest)) return;
  const parsed = parseManifestDocument(document.bytes, document.mediaType);
  if (parsed.kind === "index") {
    for (const { digest } of parsed.index.manifests) {
      await collect(source, await source.manifest({ digest }, signal), depth + 1, found, signal);
    }
  } else {
    for (const blob of [parsed.manifest.config, ...parsed.manifest.layers]) {
      if (!isForeign(blob)) found.blobs.set(blob.digest, blob);
    }
  }
  found.documents.push(document);
}

async function copyBlob(
  request: {
    readonly source: ImageSource;
    readonly sink: ImageSink;
    readonly mountFrom: string | undefined;
    readonly signal: AbortSignal;
    readonly onProgress: OnProgress;
  },
  blob: Descriptor,
): Promise<void> {
  const { source, sink, mountFrom, signal } = request;
  const progress = new ThrottledProgress(shortId(blob.digest), blob.size, request.onProgress);
  if (await sink.hasBlob(blob.digest, signal)) {
    progress.state("Layer already exists");
    return;
  }
  if (mountFrom !== undefined && (await sink.mountBlob(blob.digest, mountFrom, signal))) {
    progress.state(`Mounted from ${mountFrom}`);
    return;
  }
  const onRetry = (seconds: number): void => progress.state(`Retrying in ${seconds} second${seconds === 1 ? "" : "s"}`);
  await sink.putBlob(blob, (offset) => source.blob(blob, { signal, onRetry, offset }), {
    signal,
    onProgress: (sent) => progress.pushing(sent),
    onRetry,
  });
  progress.state("Pushed");
}
