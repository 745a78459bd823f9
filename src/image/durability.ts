import type { Log } from "#base/log.ts";
import { messageOf } from "#base/errors.ts";
import type { BlobStore } from "#content/blob-store.ts";
import type { Helpers } from "#host/helpers/helper-pool.ts";
import type { LayerDirectories } from "#snapshot/layer-directories.ts";
import { parseManifestDocument } from "#spec/oci/parse-image.ts";
import type { ImageRows } from "./image-catalog.ts";
import { SYNC_TASK } from "./sync-task.ts";
import type { LayerUnpacker } from "./unpack/layer-unpacker.ts";

const DELAY_MS = 1_000;
const MAX_MANIFEST_SIZE = 4 << 20;

/**
 * Makes pulled images outlast a power cut without making pulls wait for the disk: rows of images and layers carry the
 * boot they were written in until the file system was synced, shortly after a pull. Rows that still carry an *earlier*
 * boot may have lost bytes; {@link repair} checks their blobs and unpacks their layers anew.
 */
export class Durability {
  readonly #rows: ImageRows;
  readonly #blobs: BlobStore;
  readonly #layers: LayerDirectories;
  readonly #unpacker: LayerUnpacker;
  readonly #helpers: Helpers;
  readonly #log: Log;
  readonly #bootId: string;
  readonly #dataRoot: string;
  #timer: Timer | undefined;

  constructor(deps: {
    readonly rows: ImageRows;
    readonly blobs: BlobStore;
    readonly layers: LayerDirectories;
    readonly unpacker: LayerUnpacker;
    readonly helpers: Helpers;
    readonly log: Log;
    readonly bootId: string;
    readonly dataRoot: string;
  }) {
    this.#rows = deps.rows;
    this.#blobs = deps.blobs;
    this.#layers = deps.layers;
    this.#unpacker = deps.unpacker;
    this.#helpers = deps.helpers;
    this.#log = deps.log;
    this.#bootId = deps.bootId;
    this.#dataRoot = deps.dataRoot;
  }

  /** Something was pulled: sync soon. */
  schedule(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.sync().catch((error: unknown) => this.#log.warn("cannot sync images to disk", { error: messageOf(error) }));
    }, DELAY_MS);
    this.#timer.unref();
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  /** Sync now, and note what is safe. */
  async sync(): Promise<void> {
    const layers = this.#layers.unsynced();
    const images = this.#rows.all().filter((row) => row.bootId === this.#bootId);
    if (layers.length === 0 && images.length === 0) return;
    await this.#helpers.start(SYNC_TASK, { path: this.#dataRoot }, () => {}).result;
    this.#rows.transaction(() => {
      this.#layers.markSynced(layers);
      for (const image of images) this.#rows.markSynced(image.id);
    });
  }

  /** At start: check what an earlier boot may have left damaged. An image that cannot be mended is deleted. */
  async repair(): Promise<void> {
    const suspectLayers = new Set(this.#layers.suspects());
    for (const image of this.#rows.all()) {
      const diffIds = this.#rows.layersOf(image.id);
      const isSuspect = image.bootId !== undefined && image.bootId !== this.#bootId;
      if (!isSuspect && !diffIds.some((diffId) => suspectLayers.has(diffId))) continue;
      try {
        for (const digest of this.#rows.blobsOf(image.id)) {
          // A layer that another image brought in another compression has no blob of this image's.
          if (this.#blobs.has(digest)) await this.#blobs.verify(digest);
        }
        const manifest = parseManifestDocument(
          this.#blobs.read(image.manifest.digest, MAX_MANIFEST_SIZE),
          image.manifest.mediaType,
        );
        if (manifest.kind !== "manifest") continue;
        for (const [index, diffId] of diffIds.entries()) {
          const blob = manifest.manifest.layers[index];
          if (blob === undefined || !suspectLayers.delete(diffId)) continue;
          await this.#unpackAgain(diffId, blob.digest);
        }
      } catch (error) {
        this.#log.error("the machine stopped before this image was safely on disk: pull it again", {
          image: image.id,
          error: messageOf(error),
        });
        this.#rows.delete(image.id);
      }
    }
    await this.#markAllSynced();
  }

  async #unpackAgain(diffId: string, digest: string): Promise<void> {
    const pending = this.#layers.begin();
    try {
      const unpacking = this.#unpacker.start(this.#blobs.path(digest), pending.treePath, () => {});
      unpacking.complete(this.#blobs.sizeOf(digest) ?? 0);
      const unpacked = await unpacking.result;
      if (unpacked.diffId !== diffId) throw new Error(`layer ${diffId} does not unpack to itself`);
      await this.#layers.replace(diffId, pending);
    } catch (error) {
      await pending.abort();
      throw error;
    }
  }

  async #markAllSynced(): Promise<void> {
    const suspects = this.#rows.all().filter((row) => row.bootId !== undefined && row.bootId !== this.#bootId);
    if (suspects.length === 0 && this.#layers.suspects().length === 0) return;
    await this.#helpers.start(SYNC_TASK, { path: this.#dataRoot }, () => {}).result;
    this.#rows.transaction(() => {
      for (const image of suspects) this.#rows.markSynced(image.id);
      this.#layers.markSynced(this.#layers.all());
    });
  }
}
