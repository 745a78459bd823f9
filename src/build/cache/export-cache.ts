import type { BlobStore } from "#content/blob-store.ts";
import type { Lease } from "#content/leases.ts";
import type { ImageMaker } from "#image/make/image-maker.ts";
import { layerDescriptor, manifestFor } from "#image/make/record-image.ts";
import type { Publishable } from "#image/manifest-of.ts";
import type { Descriptor } from "#spec/oci/image.ts";
import { MEDIA_TYPE } from "#spec/oci/media-types.ts";
import type { BuildRecord } from "#state/build-store.ts";
import { CACHE_CONFIG_TYPE, type CacheDocument, type CachedRecord } from "./cache-document.ts";

/** A record with the keys by which it is found. */
export interface KeyedRecord {
  readonly record: BuildRecord;
  readonly keys: readonly string[];
}

/** What a cache mount held, as a blob of the store. */
export interface ExportedMount {
  readonly id: string;
  readonly blob: Descriptor;
}

/** What compression the layers of an exported cache have. */
export interface CacheForm {
  readonly compression: "none" | "gzip" | "zstd";
  readonly level: number | undefined;
}

/**
 * Records and their layers as a manifest of their own, which registries take for an image; its blobs are in the store, held
 * by the lease. So are those of `mounts`.
 */
export async function cacheManifest(
  deps: { readonly maker: ImageMaker; readonly blobs: BlobStore },
  used: readonly KeyedRecord[],
  mounts: readonly ExportedMount[],
  form: CacheForm,
  { lease, signal }: { readonly lease: Lease; readonly signal: AbortSignal },
): Promise<Publishable> {
  const layers = new Map<string, Descriptor>();
  const places = new Map<number, number>();
  for (const { record } of used) {
    const { layer: number } = record;
    if (number === undefined || places.has(number)) continue;
    const made = await deps.maker.layerFromKept(number, lease);
    if (!layers.has(made.diffId)) {
      const plain = { diffId: made.diffId, blob: layerDescriptor(made, "oci") };
      const { compression, level } = form;
      const isAsIs = compression === "none" || made.blob.compression !== "none";
      const blob = isAsIs
        ? plain.blob
        : await deps.maker.compressed(plain, "oci", lease, { compression, level, signal });
      layers.set(made.diffId, blob);
    }
    places.set(number, [...layers.keys()].indexOf(made.diffId));
  }
  const document: CacheDocument = {
    version: 1,
    layers: [...layers.keys()],
    records: recordsOf(used, (number) => places.get(number)),
    ...(mounts.length === 0 ? {} : { mounts: mounts.map(({ id }, index) => ({ id, layer: layers.size + index })) }),
  };
  const config = Buffer.from(JSON.stringify(document));
  const blobs = [...layers.values(), ...mounts.map(({ blob }) => blob)];
  const published = manifestFor(config, blobs, "oci", CACHE_CONFIG_TYPE);
  for (const [digest, bytes] of [
    [published.manifest.config.digest, config],
    [published.document.digest, published.document.bytes],
  ] as const) {
    lease.hold(digest);
    await deps.blobs.put(digest, bytes, { durable: false });
  }
  return published;
}

/** For an image's own config: only steps whose layers are the image's, by their numbers from the bottom up. */
export function inlineCache(
  used: readonly KeyedRecord[],
  layerNumbers: readonly (number | undefined)[],
): CacheDocument {
  const place = (number: number): number | undefined => {
    const at = layerNumbers.indexOf(number);
    return at < 0 ? undefined : at;
  };
  return { version: 1, records: recordsOf(used, place) };
}

function recordsOf(
  used: readonly KeyedRecord[],
  placeOf: (layer: number) => number | undefined,
): readonly CachedRecord[] {
  const records = used.flatMap(({ record, keys }): readonly CachedRecord[] => {
    if (record.kind === "exec.cachemount" || keys.length === 0) return [];
    const { outputKey, description, createdAt, sizeBytes } = record;
    const entry = { keys, outputKey, description, createdAt, sizeBytes };
    if (record.layer === undefined) return [entry];
    const layer = placeOf(record.layer);
    return layer === undefined ? [] : [{ ...entry, layer }];
  });
  // The same steps give the same cache, in whatever order they were found.
  return records.toSorted((one, other) => (one.outputKey < other.outputKey ? -1 : 1));
}

/** The manifest's name in an OCI layout. */
export function layoutIndex({ document }: Publishable, tag: string): object {
  return {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociIndex,
    manifests: [
      {
        mediaType: document.mediaType,
        digest: document.digest,
        size: document.bytes.length,
        annotations: { "org.opencontainers.image.ref.name": tag },
      },
    ],
  };
}
