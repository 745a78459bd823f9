import { createHash } from "node:crypto";
import { BerthError, cancelled } from "#base/errors.ts";
import type { BlobStore } from "#content/blob-store.ts";
import type { Lease } from "#content/leases.ts";
import { readChunks } from "#host/files/file-reader.ts";
import type { Descriptor } from "#spec/oci/image.ts";
import { layerMediaType, type ImageFormat, type LayerCompression } from "#spec/oci/media-types.ts";
import type { ImageRows } from "../image-catalog.ts";
import { blobBytes } from "../blob-bytes.ts";
import { decompressed, sniffCompression, SNIFF_LENGTH } from "../unpack/decompress.ts";
import { compressed, type PushCompression } from "./compress.ts";

export interface CompressOptions {
  readonly compression: PushCompression;
  /** The compression's own scale; undefined is its usual level. */
  readonly level?: number | undefined;
  readonly signal: AbortSignal;
}

/**
 * A plain layer's archive compressed, held by the lease: one that is here already, else made now. The same layer gives the
 * same bytes. `data-loss` when the plain one is damaged.
 */
export async function compressLayer(
  deps: { readonly rows: Pick<ImageRows, "blobsOfLayer">; readonly blobs: BlobStore },
  layer: Descriptor,
  diffId: string,
  format: ImageFormat,
  lease: Lease,
  options: CompressOptions,
): Promise<Descriptor> {
  const known = options.level === undefined ? findCompressed(deps, diffId, options.compression) : undefined;
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
      options.level,
    )) {
      if (options.signal.aborted) throw cancelled();
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

/** A compressed layer's plain archive as a blob, held by the lease. `data-loss` when it does not unpack to `diffId`. */
export async function plainLayer(
  deps: { readonly blobs: BlobStore },
  layer: { readonly diffId: string; readonly blob: Descriptor },
  lease: Lease,
  signal: AbortSignal,
): Promise<{ readonly diffId: string; readonly blob: Descriptor }> {
  const { diffId } = layer;
  lease.hold(diffId);
  const known = deps.blobs.sizeOf(diffId);
  if (known !== undefined) return { diffId, blob: { ...layer.blob, digest: diffId, size: known } };
  const compression = sniffCompression(deps.blobs.head(layer.blob.digest, SNIFF_LENGTH));
  const ingest = deps.blobs.begin({ digest: diffId, size: undefined });
  try {
    for await (const chunk of decompressed(blobBytes(deps.blobs, layer.blob), compression)) {
      if (signal.aborted) throw cancelled();
      await ingest.write(chunk);
    }
    const size = ingest.received;
    await ingest.commit({ durable: false });
    return { diffId, blob: { ...layer.blob, digest: diffId, size } };
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
  deps: { readonly rows: Pick<ImageRows, "blobsOfLayer">; readonly blobs: BlobStore },
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
