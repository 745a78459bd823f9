import type { BlobStore } from "#content/blob-store.ts";
import type { Leases } from "#content/leases.ts";
import type { Helpers } from "#host/helpers/helper-pool.ts";
import type { LayerDirectories } from "#snapshot/layer-directories.ts";
import type { LayerCompression } from "#spec/oci/media-types.ts";
import type { Platform } from "#spec/oci/platform.ts";
import type { ImageRows } from "../image-catalog.ts";
import type { LayerUnpacker } from "../unpack/layer-unpacker.ts";

/** A layer that is in the store: its blob has its name, its tree is there for snapshots. */
export interface MadeLayer {
  /** Digest of the uncompressed archive. */
  readonly diffId: string;
  readonly blob: { readonly digest: string; readonly sizeBytes: number; readonly compression: LayerCompression };
  /** What Docker calls the layer's size: bytes of regular files when unpacked. */
  readonly sizeBytes: number;
}

export interface MakerDeps {
  readonly rows: ImageRows;
  readonly blobs: BlobStore;
  readonly leases: Leases;
  readonly layers: LayerDirectories;
  readonly helpers: Helpers;
  readonly unpacker: LayerUnpacker;
  readonly hostPlatform: Platform;
  readonly bootId: string;
  /** RFC 3339. */
  readonly now: () => string;
}
