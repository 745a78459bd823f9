import { createHash } from "node:crypto";
import { BerthError } from "#base/errors.ts";
import type { BlobStore } from "#content/blob-store.ts";
import type { Lease, Leases } from "#content/leases.ts";
import { readChunks } from "#host/file-reader.ts";
import type { Descriptor, Manifest } from "#spec/oci/image.ts";
import { layerMediaType, MEDIA_TYPE, type LayerCompression } from "#spec/oci/media-types.ts";
import { parseManifestDocument } from "#spec/oci/parse-image.ts";
import type { ImageRows } from "../image-catalog.ts";
import { collect, type CollectDeps } from "../manage/collect-garbage.ts";
import type { SourceManifest } from "../source.ts";
import type { StoredImage } from "../types.ts";
import { sniffCompression, SNIFF_LENGTH } from "../unpack/decompress.ts";
import { compressed } from "./compress.ts";

const MAX_MANIFEST_SIZE = 4 << 20;

/** An image as it goes to others: a manifest whose parts are all here. */
export interface Publishable {
  readonly manifest: Manifest;
  readonly document: SourceManifest;
}

export type PushCompression = "gzip" | "zstd";

/**
 * The manifest under which an image is handed on. What came from a registry goes out byte for byte, so that its digest
 * stays. Layers that were made here are compressed, once: the image then keeps that manifest and the compressed blobs
 * instead of the plain ones. `data-loss` when a layer's blob is gone.
 */
export async function publishable(
  deps: CollectDeps & { readonly rows: ImageRows; readonly blobs: BlobStore; readonly leases: Leases },
  image: StoredImage,
  options: { readonly compression: PushCompression; readonly signal: AbortSignal },
): Promise<Publishable> {
  const bytes = deps.blobs.read(image.manifest.digest, MAX_MANIFEST_SIZE);
  const parsed = parseManifestDocument(bytes, image.manifest.mediaType);
  if (parsed.kind !== "manifest") throw new BerthError("data-loss", `image ${image.id} has an index for its manifest`);
  const { manifest } = parsed;
  const isPublished = deps.rows.referencesOf(image.id).some(({ suffix }) => suffix.startsWith("@"));
  const lease = deps.leases.acquire();
  try {
    const layers: Descriptor[] = [];
    for (const [index, layer] of manifest.layers.entries()) {
      const diffId = image.diffIds[index] ?? "";
      const plain = layerMediaType("none", formatOf(manifest)) === layer.mediaType;
      const there = deps.blobs.has(layer.digest) || isForeign(layer);
      if (there && (isPublished || !plain)) layers.push(layer);
      else if (there) layers.push(await compressLayer(deps, layer, diffId, formatOf(manifest), lease, options));
      else layers.push(substitute(deps, diffId, formatOf(manifest)));
    }
    if (layers.every(({ digest }, index) => digest === manifest.layers[index]?.digest)) {
      return { manifest, document: { mediaType: manifest.mediaType, digest: image.manifest.digest, bytes } };
    }
    return await replace(deps, image, { ...manifest, layers }, lease);
  } finally {
    lease.release();
  }
}

type Format = "docker" | "oci";

function formatOf(manifest: Manifest): Format {
  return manifest.mediaType === MEDIA_TYPE.dockerManifest ? "docker" : "oci";
}

function isForeign(layer: Descriptor): boolean {
  return layer.urls !== undefined && layer.urls.length > 0;
}

/** Another blob that unpacks to the same layer. */
function substitute(
  deps: { readonly rows: ImageRows; readonly blobs: BlobStore },
  diffId: string,
  format: Format,
): Descriptor {
  for (const digest of deps.rows.blobsOfLayer(diffId)) {
    const size = deps.blobs.sizeOf(digest);
    if (size === undefined) continue;
    const compression = sniffCompression(deps.blobs.head(digest, SNIFF_LENGTH));
    return { mediaType: layerMediaType(compression, format), size, digest };
  }
  throw new BerthError("data-loss", `the archive of layer ${diffId} is not here any more: pull the image again`);
}

/** Gzip by default, as Docker's push; the same layer gives the same bytes. */
async function compressLayer(
  deps: { readonly rows: ImageRows; readonly blobs: BlobStore },
  layer: Descriptor,
  diffId: string,
  format: Format,
  lease: Lease,
  options: { readonly compression: PushCompression; readonly signal: AbortSignal },
): Promise<Descriptor> {
  const known = findCompressed(deps, diffId, options.compression);
  if (known !== undefined) {
    lease.hold(known.digest);
    return { mediaType: layerMediaType(options.compression, format), ...known };
  }
  const ingest = deps.blobs.beginUnnamed();
  try {
    const hash = createHash("sha256");
    for await (const chunk of compressed(
      hashed(readChunks(deps.blobs.path(layer.digest)), hash),
      options.compression,
    )) {
      if (options.signal.aborted) throw new BerthError("cancelled", "context canceled");
      await ingest.write(chunk);
    }
    if (`sha256:${hash.digest("hex")}` !== layer.digest) {
      throw new BerthError("data-loss", `blob ${layer.digest} is damaged on disk`);
    }
    lease.hold(ingest.digest());
    await ingest.commit();
    return { mediaType: layerMediaType(options.compression, format), size: ingest.received, digest: ingest.digest() };
  } catch (error) {
    await ingest.abort();
    throw error;
  }
}

async function* hashed(
  chunks: AsyncIterable<Uint8Array>,
  hash: { update(chunk: Uint8Array): unknown },
): AsyncIterable<Uint8Array> {
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
}

function findCompressed(
  deps: { readonly rows: ImageRows; readonly blobs: BlobStore },
  diffId: string,
  wanted: LayerCompression,
): { readonly digest: string; readonly size: number } | undefined {
  for (const digest of deps.rows.blobsOfLayer(diffId)) {
    const size = deps.blobs.sizeOf(digest);
    if (size !== undefined && sniffCompression(deps.blobs.head(digest, SNIFF_LENGTH)) === wanted)
      return { digest, size };
  }
  return undefined;
}

async function replace(deps: CollectDeps, image: StoredImage, manifest: Manifest, lease: Lease): Promise<Publishable> {
  const bytes = Buffer.from(JSON.stringify(manifest));
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  lease.hold(digest);
  await deps.blobs.put(digest, bytes, { durable: false });
  const before = deps.rows.blobsOf(image.id);
  deps.rows.transaction(() => {
    const descriptor = { mediaType: manifest.mediaType, digest, size: bytes.length };
    deps.rows.replaceManifest(image.id, descriptor, [
      ...new Set([image.id, digest, ...manifest.layers.map((layer) => layer.digest)]),
    ]);
    for (const [index, layer] of manifest.layers.entries()) {
      deps.rows.putLayerBlob(image.diffIds[index] ?? "", layer.digest);
    }
  });
  await collect(deps, { diffIds: [], blobs: before });
  return { manifest, document: { mediaType: manifest.mediaType, digest, bytes } };
}
