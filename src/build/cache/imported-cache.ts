import { BerthError } from "#base/errors.ts";
import { sha256Digest } from "#base/sha256.ts";
import type { ImageSource, SourceManifest } from "#image/source.ts";
import type { Descriptor, Manifest } from "#spec/oci/image.ts";
import { parseManifestDocument } from "#spec/oci/parse-image.ts";
import { cacheIn, type CacheDocument, type CachedRecord } from "./cache-document.ts";

const MAX_CONFIG_BYTES = 64 << 20;

/** A step that somebody else carried out. */
export interface ImportedStep {
  readonly record: CachedRecord;
  /** Undefined: it changed nothing. */
  readonly layer: { readonly diffId: string; readonly blob: Descriptor } | undefined;
  readonly source: ImageSource;
}

/** What a cache mount held elsewhere, as an archive. */
export interface ImportedMount {
  readonly blob: Descriptor;
  readonly source: ImageSource;
}

/** A cache that lies elsewhere, of which only the list of its steps is here. */
export class ImportedCache {
  readonly #steps = new Map<string, ImportedStep>();
  readonly #mounts = new Map<string, ImportedMount>();

  /**
   * Read what a source has under a name: a cache, or an image with one in it, of any of its platforms. `not-found` when
   * there is no such name, or no cache in it.
   */
  static async open(
    source: ImageSource,
    target: { readonly tag: string } | { readonly digest: string },
    signal: AbortSignal,
  ): Promise<ImportedCache> {
    const cache = new ImportedCache();
    const root = await source.manifest(target, signal);
    for (const manifest of await manifestsOf(source, root, signal)) {
      const config = await bytesOf(source, manifest.config, signal);
      const document = cacheIn(config, manifest.config.mediaType);
      if (document !== undefined) cache.#add(source, manifest, document);
    }
    if (cache.#steps.size + cache.#mounts.size === 0)
      throw new BerthError("not-found", "there is no cache of this engine's in it");
    return cache;
  }

  find(key: string): ImportedStep | undefined {
    return this.#steps.get(key);
  }

  /** By the mount's id. */
  mount(id: string): ImportedMount | undefined {
    return this.#mounts.get(id);
  }

  #add(source: ImageSource, { layers }: Manifest, document: CacheDocument): void {
    for (const record of document.records) {
      const blob = record.layer === undefined ? undefined : layers[record.layer];
      const diffId = record.layer === undefined ? undefined : document.layers?.[record.layer];
      if (record.layer !== undefined && (blob === undefined || diffId === undefined)) continue;
      const layer = blob === undefined || diffId === undefined ? undefined : { diffId, blob };
      for (const key of record.keys) this.#steps.set(key, { record, layer, source });
    }
    for (const { id, layer } of document.mounts ?? []) {
      const blob = layers[layer];
      if (blob !== undefined) this.#mounts.set(id, { blob, source });
    }
  }
}

async function manifestsOf(
  source: ImageSource,
  { bytes, mediaType }: SourceManifest,
  signal: AbortSignal,
): Promise<readonly Manifest[]> {
  const parsed = parseManifestDocument(bytes, mediaType);
  if (parsed.kind === "manifest") return [parsed.manifest];
  const manifests: Manifest[] = [];
  for (const { digest, annotations } of parsed.index.manifests) {
    if (annotations?.["vnd.docker.reference.type"] !== undefined) continue;
    const below = await source.manifest({ digest }, signal);
    const document = parseManifestDocument(below.bytes, below.mediaType);
    if (document.kind === "manifest") manifests.push(document.manifest);
  }
  return manifests;
}

async function bytesOf(source: ImageSource, blob: Descriptor, signal: AbortSignal): Promise<Uint8Array> {
  if (blob.size > MAX_CONFIG_BYTES) throw new BerthError("invalid-parameter", "the cache's list of steps is too long");
  const chunks: Uint8Array[] = [];
  let received = 0;
  for await (const chunk of source.blob(blob, { signal, onRetry: () => {} })) {
    received += chunk.length;
    if (received > blob.size) throw new BerthError("data-loss", `${blob.digest} is longer than it should be`);
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  const digest = sha256Digest(bytes);
  if (digest !== blob.digest) throw new BerthError("data-loss", `${blob.digest} is damaged where it comes from`);
  return bytes;
}
