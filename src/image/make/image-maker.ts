import { SingleFlight } from "#base/async.ts";
import type { Lease } from "#content/leases.ts";
import type { Descriptor } from "#spec/oci/image.ts";
import type { Reference } from "#spec/oci/reference.ts";
import type { ImageFormat } from "#spec/oci/media-types.ts";
import { collect } from "../manage/collect-garbage.ts";
import { recordArtifact } from "../artifact.ts";
import { completeManifest, type Publishable } from "../manifest-of.ts";
import { compressLayer, plainLayer, type CompressOptions } from "../push/compress-layer.ts";
import type { StoredImage } from "../types.ts";
import { HelperUnpacker } from "../unpack/layer-unpacker.ts";
import { IncomingLayer } from "./incoming-layer.ts";
import { layerFromArchive } from "./layer-from-archive.ts";
import { layerFromKept, retimedLayer } from "./layer-from-kept.ts";
import { layerFromUpper } from "./layer-from-upper.ts";
import { documentsOf, nameImage, recordImage, type ImageDocuments, type ImageParts } from "./record-image.ts";
import { recordIndex, type IndexParts } from "./record-index.ts";
import type { MadeLayer, MakerDeps } from "./types.ts";

/**
 * Makes layers and images on this machine: what commit, import, load and builds have in common. Everything made is held
 * by the caller's {@link lease} until an image names it; let go of the lease afterwards in every case.
 */
export class ImageMaker {
  readonly #deps: MakerDeps;
  readonly #onRecorded: () => void;
  readonly #archiving = new SingleFlight<MadeLayer>();

  /** `onRecorded` hears of every image made, e.g. to have it synced to the disk soon. */
  constructor(deps: Omit<MakerDeps, "unpacker"> & { readonly onRecorded: () => void }) {
    this.#deps = { ...deps, unpacker: new HelperUnpacker(deps) };
    this.#onRecorded = deps.onRecorded;
  }

  /** Keeps what is being made from being collected. */
  lease(): Lease {
    return this.#deps.leases.acquire();
  }

  /**
   * A layer of an overlay's upper directory, which nobody changes meanwhile: the same tree gives the same bytes. The blob
   * is not compressed; a push does that once. Undefined when the directory is empty.
   */
  layerFromUpper(upperDir: string, lease: Lease): Promise<MadeLayer | undefined> {
    return layerFromUpper(this.#deps, upperDir, lease);
  }

  /**
   * A layer of a tar stream, plain or compressed with gzip or zstd; the stream is kept as the blob, byte for byte. Each
   * chunk is the receiver's. `invalid-parameter` for what is no archive, `data-loss` for a damaged one.
   */
  layerFromArchive(archive: AsyncIterable<Uint8Array>, lease: Lease, signal?: AbortSignal): Promise<MadeLayer> {
    return layerFromArchive(this.#deps, archive, lease, signal);
  }

  /**
   * The archive of a layer that was kept without one (see `PendingLayer.keep`), which has its diff id from then on. The
   * same layer asked for by several at once is archived once.
   */
  async layerFromKept(number: number, lease: Lease): Promise<MadeLayer> {
    const layer = await this.#archiving.run(String(number), () => layerFromKept(this.#deps, number, lease));
    lease.hold(layer.diffId);
    return layer;
  }

  /** See {@link retimedLayer}. */
  retimed(
    number: number,
    latest: number,
    lease: Lease,
  ): Promise<{ readonly digest: string; readonly sizeBytes: number }> {
    return retimedLayer(this.#deps, number, latest, lease);
  }

  /** See {@link compressLayer}. */
  compressed(
    layer: { readonly diffId: string; readonly blob: Descriptor },
    format: ImageFormat,
    lease: Lease,
    options: CompressOptions,
  ): Promise<Descriptor> {
    return compressLayer(this.#deps, layer.blob, layer.diffId, format, lease, options);
  }

  /** Is the layer of that diff id unpacked here? */
  hasLayer(diffId: string): boolean {
    return this.#deps.layers.find(diffId) !== undefined;
  }

  /** See {@link plainLayer}. */
  plain(
    layer: { readonly diffId: string; readonly blob: Descriptor },
    lease: Lease,
    signal: AbortSignal,
  ): Promise<{ readonly diffId: string; readonly blob: Descriptor }> {
    return plainLayer(this.#deps, layer, lease, signal);
  }

  /** An image's manifest with blobs that are here. `data-loss` when a layer's archive is gone. */
  manifestOf(image: StoredImage): Publishable {
    return completeManifest(this.#deps, image);
  }

  /** Let go of blobs that were made for one use; those that an image has or a lease holds stay. */
  async drop(digests: readonly string[]): Promise<void> {
    await collect(this.#deps, { diffIds: [], blobs: digests });
  }

  /** A layer's archive that somebody writes piece by piece; see {@link IncomingLayer}. */
  incomingLayer(): IncomingLayer {
    return new IncomingLayer(this.#deps);
  }

  /** An image whose documents are there already; as {@link image} otherwise. */
  async record(documents: ImageDocuments, lease: Lease): Promise<string> {
    const id = await recordImage(this.#deps, documents, lease);
    this.#onRecorded();
    return id;
  }

  /** Digest of the manifest of an image of the store; undefined when it is not there. */
  manifestDigest(imageId: string): string | undefined {
    return this.#deps.rows.find(imageId)?.manifest.digest;
  }

  /** See {@link nameImage}. */
  name(imageId: string, references: readonly Reference[]): void {
    this.#deps.rows.transaction(() => nameImage(this.#deps, imageId, references));
  }

  /** See {@link recordArtifact}. */
  async artifact(
    parts: Parameters<typeof recordArtifact>[1],
    lease: Lease,
    name: (id: string) => void,
  ): Promise<string> {
    const id = await recordArtifact(this.#deps, parts, lease, name);
    this.#onRecorded();
    return id;
  }

  /** An image of layers that are there, with the names it is to have; visible all at once. Resolves to its id. */
  async image(parts: ImageParts, lease: Lease): Promise<string> {
    return this.record(documentsOf(parts), lease);
  }

  /** See {@link recordIndex}: images that are here, as one of several platforms. */
  async index(parts: IndexParts, lease: Lease): Promise<string> {
    const id = await recordIndex(this.#deps, parts, lease);
    this.#onRecorded();
    return id;
  }
}
