import type { BlobStore } from "#content/blob-store.ts";
import type { Lease } from "#content/leases.ts";
import type { ImageMaker } from "#image/make/image-maker.ts";
import { documentsOf } from "#image/make/record-image.ts";
import { toPublishable } from "#image/manifest-of.ts";
import type { Descriptor } from "#spec/oci/image.ts";
import { layerCompression, layerMediaType, MEDIA_TYPE, type ImageFormat } from "#spec/oci/media-types.ts";
import { INLINE_MEMBER, type CacheDocument } from "../cache/cache-document.ts";
import { annotationsAt } from "./annotations.ts";
import type { DraftLayer, ImageDraft, ImageForm, PrintedImage } from "./types.ts";

export interface PrintDeps {
  readonly maker: ImageMaker;
  readonly blobs: BlobStore;
}

export interface PrintContext {
  readonly lease: Lease;
  readonly signal: AbortSignal;
  /** The cache that goes into the config; undefined: none. */
  readonly inline: ((draft: ImageDraft) => CacheDocument) | undefined;
}

interface PrintedLayer {
  readonly diffId: string;
  readonly blob: Descriptor;
}

/** Print a draft as a form asks for it; documents and new layers are put into the store and held by the lease. */
export async function printImage(
  deps: PrintDeps,
  draft: ImageDraft,
  form: ImageForm,
  { lease, signal, inline }: PrintContext,
): Promise<PrintedImage> {
  const format = form.format ?? draft.format;
  const layers: PrintedLayer[] = [];
  for (const layer of draft.layers) {
    const plain = await retimed(deps, layer, form.latest, format, lease);
    layers.push({ diffId: plain.diffId, blob: await compressed(deps, plain, form, format, { lease, signal }) });
  }
  const diffIds = layers.map(({ diffId }) => diffId);
  const config = {
    ...draft.config,
    created: draft.created,
    history: draft.history,
    rootfs: { type: "layers", diff_ids: diffIds },
    ...(inline === undefined ? {} : { [INLINE_MEMBER]: inline(draft) }),
  };
  const isOwnFormat = format === draft.format && draft.configType !== undefined;
  const documents = documentsOf({
    config,
    layers,
    format,
    references: [],
    ...(isOwnFormat ? { configType: draft.configType } : {}),
  });
  const annotations = annotationsAt(form.annotations, "manifest", draft.platform);
  const published =
    Object.keys(annotations).length === 0
      ? documents.manifest
      : toPublishable({ ...documents.manifest.manifest, annotations });
  await keep(deps.blobs, lease, published.manifest.config.digest, documents.config);
  await keep(deps.blobs, lease, published.document.digest, published.document.bytes);
  const { platform, created, parentId } = draft;
  return { platform, config: documents.config, published, diffIds, created, parentId };
}

/** Put a document into the store under a lease. */
export async function keep(blobs: BlobStore, lease: Lease, digest: string, bytes: Uint8Array): Promise<void> {
  lease.hold(digest);
  await blobs.put(digest, bytes, { durable: false });
}

async function retimed(
  { maker }: PrintDeps,
  layer: DraftLayer,
  latest: number | undefined,
  format: ImageFormat,
  lease: Lease,
): Promise<PrintedLayer> {
  if (layer.kind === "base" || latest === undefined) return layer;
  const { digest, sizeBytes } = await maker.retimed(layer.number, latest, lease);
  return { diffId: digest, blob: { mediaType: layerMediaType("none", format), digest, size: sizeBytes } };
}

/** BuildKit's rule: what is compressed already stays so unless it is to be forced. */
async function compressed(
  { maker }: PrintDeps,
  layer: PrintedLayer,
  form: ImageForm,
  format: ImageFormat,
  { lease, signal }: { readonly lease: Lease; readonly signal: AbortSignal },
): Promise<Descriptor> {
  const { blob } = layer;
  const is = layerCompression(blob.mediaType) ?? "none";
  const { urls, annotations } = blob;
  const asIs: Descriptor = {
    mediaType: urls === undefined ? layerMediaType(is, format) : blob.mediaType,
    digest: blob.digest,
    size: blob.size,
    ...(urls === undefined ? {} : { urls }),
    ...(annotations === undefined ? {} : { annotations }),
  };
  const wanted = form.compression;
  if (urls !== undefined || wanted === undefined || wanted === is || (is !== "none" && !form.force)) return asIs;
  const plain = is === "none" ? layer : await maker.plain(layer, lease, signal);
  if (wanted === "none") return { ...plain.blob, mediaType: layerMediaType("none", format) };
  return maker.compressed(plain, format, lease, { compression: wanted, level: form.level, signal });
}

/** Docker's types know neither zstd nor annotations. */
export function needsOci({ compression, annotations }: Pick<ImageForm, "compression" | "annotations">): boolean {
  return compression === "zstd" || annotations.length > 0;
}

export const isOci = (mediaType: string): boolean => mediaType === MEDIA_TYPE.ociManifest;
