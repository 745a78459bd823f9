import { BerthError, isBerthError, messageOf } from "#base/errors.ts";
import { Limit } from "#base/async.ts";
import { shortId } from "#base/ids.ts";
import type { Log } from "#base/log.ts";
import type { BlobStore } from "#content/blob-store.ts";
import type { Ingest } from "#content/ingest.ts";
import { HttpFailure } from "#host/web/registry-http.ts";
import type { LayerDirectories, PendingLayer } from "#snapshot/layer-directories.ts";
import type { Descriptor } from "#spec/oci/image.ts";
import type { ImageRows } from "../image-catalog.ts";
import { SharedWork, type OnProgress } from "../shared-work.ts";
import type { ImageSource } from "../source.ts";
import type { LayerUnpacker, Unpacking } from "../unpack/layer-unpacker.ts";
import type { UnpackedLayer } from "../unpack/unpack-layer.ts";
import { ThrottledProgress } from "./throttled-progress.ts";

export interface LayerRequest {
  readonly descriptor: Descriptor;
  /** What the image's config says the layer unpacks to. */
  readonly diffId: string;
  readonly source: ImageSource;
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
}

/**
 * Brings layers: downloads a blob and unpacks it while it comes in, one flight per layer however many pulls want it.
 *
 *   download ──▶ ingest file ──▶ digest and size checked ──▶ blob named
 *                     │
 *                     └─ read while it grows by a helper ──▶ new layer directory ──▶ diff id checked ──▶ layer named
 *
 * Neither name appears unless both checks hold. The caller's lease keeps both from being collected.
 */
export class LayerFetcher {
  readonly #rows: Pick<ImageRows, "isBlobUsed">;
  readonly #blobs: BlobStore;
  readonly #layers: LayerDirectories;
  readonly #unpacker: LayerUnpacker;
  readonly #log: Log;
  readonly #flights = new SharedWork<void>();
  readonly #downloads: Limit;
  readonly #maxDownloads: () => number;
  /** Downloads under way or waiting for their turn. */
  #downloading = 0;

  constructor(deps: {
    readonly rows: Pick<ImageRows, "isBlobUsed">;
    readonly blobs: BlobStore;
    readonly layers: LayerDirectories;
    readonly unpacker: LayerUnpacker;
    readonly log: Log;
    /** Docker's max-concurrent-downloads, as it is now. */
    readonly maxDownloads: () => number;
  }) {
    this.#rows = deps.rows;
    this.#blobs = deps.blobs;
    this.#layers = deps.layers;
    this.#unpacker = deps.unpacker;
    this.#log = deps.log;
    this.#downloads = new Limit(deps.maxDownloads);
    this.#maxDownloads = deps.maxDownloads;
  }

  has(diffId: string): boolean {
    return this.#layers.find(diffId) !== undefined;
  }

  async fetch(request: LayerRequest): Promise<void> {
    await this.#flights.join(`${request.diffId} ${request.descriptor.digest}`, request, (signal, emit) =>
      fromTheStart(() => this.#fetchOnce({ ...request, signal, onProgress: emit })),
    );
  }

  /** Bring a blob that is kept as it is, once however many want it. */
  async fetchBlob(request: Omit<LayerRequest, "diffId">): Promise<void> {
    await this.#flights.join(`blob ${request.descriptor.digest}`, request, (signal, emit) =>
      fromTheStart(() => this.#fetchBlob({ ...request, signal, onProgress: emit })),
    );
  }

  async #fetchBlob(request: Omit<LayerRequest, "diffId">): Promise<void> {
    const { digest, size } = request.descriptor;
    const progress = new ThrottledProgress(shortId(digest), size, request.onProgress);
    if ((await this.#presentBlob(digest)) === undefined) {
      await this.#inTurn(progress, async () => {
        const ingest = await this.#blobs.resume(request.descriptor);
        const resumedAt = ingest.received;
        try {
          await this.#transfer(request, ingest, request.signal, progress);
          await ingest.commit({ verified: true, durable: false });
        } catch (error) {
          await ingest.abort({ keep: isWorthGoingOn(error) });
          throw afterResuming(resumedAt, error);
        }
      });
    }
    progress.state("Pull complete");
  }

  async #fetchOnce(request: LayerRequest): Promise<void> {
    const id = shortId(request.descriptor.digest);
    const progress = new ThrottledProgress(id, request.descriptor.size, request.onProgress);
    const pending = this.#layers.begin();
    try {
      const unpacked = await this.#bring(request, pending, progress);
      for (const warning of unpacked.warnings) this.#log.warn(warning, { layer: request.diffId });
      await pending.commit(request.diffId, unpacked.sizeBytes);
      progress.state("Pull complete");
    } catch (error) {
      await pending.abort();
      throw error;
    }
  }

  async #bring(request: LayerRequest, pending: PendingLayer, progress: ThrottledProgress): Promise<UnpackedLayer> {
    const { descriptor } = request;
    const size = await this.#presentBlob(descriptor.digest);
    if (size !== undefined) {
      const unpacking = this.#unpacker.start(this.#blobs.path(descriptor.digest), pending.treePath, (bytes) =>
        progress.extracting(bytes),
      );
      unpacking.complete(size);
      return this.#checked(unpacking, request);
    }
    const download = await this.#inTurn(progress, () => this.#download(request, pending, progress));
    try {
      progress.state("Download complete");
      const unpacked = await this.#checked(download.unpacking, request);
      // Not synced one by one: rows remember the boot until all of it is known to be on disk.
      await download.ingest.commit({ verified: true, durable: false });
      return unpacked;
    } catch (error) {
      await download.ingest.abort();
      throw error;
    }
  }

  /** Size of a blob that is here. One that no image vouches for, left by a pull that was cut off, is read again first. */
  async #presentBlob(digest: string): Promise<number | undefined> {
    const size = this.#blobs.sizeOf(digest);
    if (size === undefined || this.#rows.isBlobUsed(digest)) return size;
    try {
      await this.#blobs.verify(digest);
      return size;
    } catch (error) {
      this.#log.warn("a blob that was left over is damaged: it is fetched again", { digest, error: messageOf(error) });
      this.#blobs.delete(digest);
      return undefined;
    }
  }

  async #inTurn<T>(progress: ThrottledProgress, work: () => Promise<T>): Promise<T> {
    if (this.#downloading >= this.#maxDownloads()) progress.state("Waiting");
    this.#downloading++;
    try {
      return await this.#downloads.run(work);
    } finally {
      this.#downloading--;
    }
  }

  /** Resolves when the blob is complete and verified; unpacking goes on. */
  async #download(
    request: LayerRequest,
    pending: PendingLayer,
    progress: ThrottledProgress,
  ): Promise<{ readonly ingest: Ingest; readonly unpacking: Unpacking }> {
    const ingest = await this.#blobs.resume(request.descriptor);
    const resumedAt = ingest.received;
    const unpacking = this.#unpacker.start(ingest.path, pending.treePath, (bytes) => progress.extracting(bytes));
    const stop = new AbortController();
    let unpackError: unknown;
    // A layer that does not fit on the disk needs no more bytes. A damaged one does: its digest tells whose fault it is.
    unpacking.result.catch((error: unknown) => {
      unpackError = error;
      if (!isBerthError(error, "data-loss") && !isBerthError(error, "invalid-parameter")) stop.abort();
    });
    ingest.onWritten((size) => unpacking.grow(size));
    unpacking.grow(resumedAt);
    try {
      await this.#transfer(request, ingest, AbortSignal.any([request.signal, stop.signal]), progress);
    } catch (error) {
      const cause = stop.signal.aborted && !request.signal.aborted ? registrationError(unpackError) : error;
      unpacking.abort();
      await unpacking.result.catch(() => undefined);
      await ingest.abort({ keep: isWorthGoingOn(cause) });
      throw afterResuming(resumedAt, cause);
    }
    unpacking.complete(ingest.received);
    return { ingest, unpacking };
  }

  async #transfer(
    request: Omit<LayerRequest, "diffId">,
    ingest: Ingest,
    signal: AbortSignal,
    progress: ThrottledProgress,
  ): Promise<void> {
    const stream = request.source.blob(request.descriptor, {
      signal,
      offset: ingest.received,
      onRetry: (seconds) => progress.state(`Retrying in ${seconds} second${seconds === 1 ? "" : "s"}`),
    });
    for await (const chunk of stream) {
      await ingest.write(chunk);
      progress.downloading(ingest.received);
    }
    progress.state("Verifying Checksum");
    await ingest.verify();
  }

  async #checked(unpacking: Unpacking, request: LayerRequest): Promise<UnpackedLayer> {
    const onAbort = (): void => unpacking.abort();
    request.signal.addEventListener("abort", onAbort, { once: true });
    if (request.signal.aborted) onAbort();
    try {
      const unpacked = await unpacking.result.catch((error: unknown) => {
        throw registrationError(error);
      });
      if (unpacked.diffId !== request.diffId) {
        throw new BerthError("data-loss", "layers from manifest don't match image configuration");
      }
      return unpacked;
    } finally {
      request.signal.removeEventListener("abort", onAbort);
    }
  }
}

/** Bytes that do not hash to their digest, when the first of them came from an earlier try. */
class DamagedStart extends BerthError {}

function afterResuming(resumedAt: number, error: unknown): unknown {
  if (resumedAt === 0 || !isBerthError(error, "data-loss")) return error;
  return new DamagedStart("data-loss", error.message, { cause: error });
}

/** What an earlier try left may be damaged, by a power cut or a registry: then all of it is fetched, once. */
async function fromTheStart(fetch: () => Promise<void>): Promise<void> {
  try {
    await fetch();
  } catch (error) {
    if (!(error instanceof DamagedStart)) throw error;
    await fetch();
  }
}

/** What came is right as far as it goes: the connection broke, or the person gave up. */
function isWorthGoingOn(error: unknown): boolean {
  return error instanceof HttpFailure || isBerthError(error, "cancelled");
}

function registrationError(error: unknown): BerthError {
  const kind = error instanceof BerthError ? error.kind : "internal";
  if (kind === "cancelled") return error as BerthError;
  return new BerthError(kind, `failed to register layer: ${messageOf(error)}`, { cause: error });
}
