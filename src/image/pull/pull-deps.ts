import type { BlobStore } from "#content/blob-store.ts";
import type { Leases } from "#content/leases.ts";
import type { Platform } from "#spec/oci/platform.ts";
import type { ImageRows } from "../image-catalog.ts";
import type { LayerFetcher } from "./layer-fetcher.ts";

export interface PullDeps {
  readonly rows: ImageRows;
  readonly blobs: BlobStore;
  readonly leases: Leases;
  readonly fetcher: LayerFetcher;
  readonly hostPlatform: Platform;
  readonly bootId: string;
  /** RFC 3339. */
  readonly now: () => string;
}

export interface PullResult {
  readonly imageId: string;
  /** False when the reference already pointed at the very same image. */
  readonly isNew: boolean;
}
