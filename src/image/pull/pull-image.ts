import { shortId } from "#base/ids.ts";
import type { Platform } from "#spec/oci/platform.ts";
import { canonicalName, canonicalString, familiarName, familiarString, type Reference } from "#spec/oci/reference.ts";
import { referenceSuffix } from "../image-catalog.ts";
import { settleLeading } from "../settle-leading.ts";
import type { OnProgress } from "../shared-work.ts";
import type { ImageSource } from "../source.ts";
import { fetchAttached } from "./fetch-attached.ts";
import { allOrNone } from "./all-or-none.ts";
import { fetchImage, type FetchedImage } from "./fetch-image.ts";
import type { PullDeps, PullResult } from "./pull-deps.ts";
import { pullArtifacts } from "./pull-artifacts.ts";

/**
 * Pull one reference (with tag or digest) from `source`: documents, then all layers at once, then one transaction that
 * makes image and names visible. Until then a lease keeps the parts; afterwards the rows do.
 */
export async function pullImage(
  deps: PullDeps,
  request: {
    readonly source: ImageSource;
    readonly reference: Reference;
    readonly platform: Platform | undefined;
    readonly signal: AbortSignal;
    readonly onProgress: OnProgress;
  },
): Promise<PullResult> {
  const { reference, onProgress } = request;
  const lease = deps.leases.acquire();
  const attached = new Set<string>();
  try {
    // docker-compat: the first line comes when the manifest is there, so that a refusal is still an HTTP status.
    const onFound = (): void =>
      onProgress({
        status: `Pulling from ${reference.path}`,
        id: reference.digest === undefined ? (reference.tag ?? "latest") : canonicalString(reference),
      });
    const fetched = await fetchImage({ ...request, ...deps, lease, onFound });
    if ("artifactType" in fetched || "artifacts" in fetched)
      return await pullArtifacts(deps, { ...request, fetched, lease });
    await fetchAttached({ ...request, ...deps, lease, manifests: fetched.attestations, kept: attached });
    await fetchLayers(deps, { ...request, fetched, hold: (key) => lease.hold(key) });
    for (const document of fetched.documents) {
      await deps.blobs.put(document.digest, document.bytes, { durable: false });
    }
    const isNew = record(deps, reference, fetched, [...attached]);
    onProgress({ status: `Digest: ${fetched.topDigest}` });
    return { imageId: fetched.manifest.config.digest, isNew };
  } finally {
    lease.release();
    for (const digest of attached)
      if (!deps.rows.isBlobUsed(digest) && !deps.leases.isHeld(digest)) deps.blobs.delete(digest);
  }
}

/** docker-compat: the last line of a pull. */
export function pullStatus(reference: Reference, isNew: boolean): string {
  const bare = reference.tag === undefined && reference.digest === undefined;
  const name = bare ? familiarName(reference) : familiarString(reference);
  return isNew ? `Status: Downloaded newer image for ${name}` : `Status: Image is up to date for ${name}`;
}

async function fetchLayers(
  deps: PullDeps,
  request: {
    readonly fetched: FetchedImage;
    readonly source: ImageSource;
    readonly signal: AbortSignal;
    readonly onProgress: OnProgress;
    readonly hold: (key: string) => void;
  },
): Promise<void> {
  const { manifest, config } = request.fetched;
  const wanted = new Map(
    manifest.layers.map((descriptor, index) => [
      descriptor.digest,
      { descriptor, diffId: config.rootfs.diff_ids[index] ?? "" },
    ]),
  );
  for (const { descriptor, diffId } of wanted.values()) {
    request.hold(descriptor.digest);
    request.hold(diffId);
  }
  const parts = [...wanted.values()];
  const isComplete = parts.every(({ descriptor, diffId }) => isThere(deps, diffId, descriptor.digest));
  // docker-compat: an image that is here has no layers to tell of.
  if (isComplete && deps.rows.find(manifest.config.digest) !== undefined) return;
  for (const { descriptor, diffId } of parts) {
    const status = isThere(deps, diffId, descriptor.digest) ? "Already exists" : "Pulling fs layer";
    request.onProgress({ status, progressDetail: {}, id: shortId(descriptor.digest) });
  }
  await allOrNone(request.signal, parts, async ({ descriptor, diffId }, signal) => {
    if (isThere(deps, diffId, descriptor.digest)) return;
    await deps.fetcher.fetch({ descriptor, diffId, source: request.source, signal, onProgress: request.onProgress });
  });
}

/** A layer whose blob went with its image, while a container kept the tree, is brought again: it could not be pushed. */
function isThere(deps: PullDeps, diffId: string, digest: string): boolean {
  return deps.fetcher.has(diffId) && [digest, ...deps.rows.blobsOfLayer(diffId)].some((blob) => deps.blobs.has(blob));
}

function record(deps: PullDeps, reference: Reference, fetched: FetchedImage, attached: readonly string[]): boolean {
  const imageId = fetched.manifest.config.digest;
  const name = canonicalName(reference);
  const digestSuffix = `@${fetched.topDigest}`;
  const suffixes = reference.digest === undefined ? [referenceSuffix(reference), digestSuffix] : [digestSuffix];
  const layerBlobs = fetched.manifest.layers.map(
    ({ digest }, index) => [fetched.config.rootfs.diff_ids[index] ?? "", digest] as const,
  );
  // A layer that was there already may have come as another blob: that one is this image's too, to be pushed and saved.
  const substitutes = layerBlobs.flatMap(([diffId, digest]) =>
    deps.blobs.has(digest)
      ? []
      : deps.rows
          .blobsOfLayer(diffId)
          .filter((other) => deps.blobs.has(other))
          .slice(0, 1),
  );
  const indexDigest = fetched.isIndex ? fetched.topDigest : undefined;
  let isNew = indexDigest !== undefined && !deps.rows.variantsOf(indexDigest).includes(imageId);
  deps.rows.transaction(() => {
    deps.rows.put(
      {
        id: imageId,
        manifest: fetched.manifestDescriptor,
        config: fetched.rawConfig,
        lastTaggedAt: undefined,
        bootId: deps.bootId,
      },
      {
        diffIds: fetched.config.rootfs.diff_ids,
        blobs: [
          ...fetched.documents.map(({ digest }) => digest),
          ...attached,
          ...fetched.manifest.layers.map(({ digest }) => digest),
          ...substitutes,
        ],
        layerBlobs,
      },
    );
    if (indexDigest !== undefined) deps.rows.putVariant(indexDigest, imageId);
    const meant = indexDigest === undefined ? imageId : settleLeading(deps, indexDigest, imageId);
    for (const suffix of suffixes) {
      const known = deps.rows.findReference(name, suffix);
      if (known?.imageId === meant && known.indexDigest === indexDigest) continue;
      deps.rows.putReference({ name, suffix, imageId: meant, indexDigest }, deps.now());
      isNew = true;
    }
  });
  return isNew;
}
