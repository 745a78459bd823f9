import type { Descriptor } from "#spec/oci/image.ts";
import type { Reference } from "#spec/oci/reference.ts";
import type { RegistryNotices } from "./registry-notices.ts";
import type { SourceManifest } from "./source.ts";
import type { RegistryAuth } from "./types.ts";

/** What the sender of a blob hears and decides. */
export interface SendOptions {
  readonly signal: AbortSignal;
  /** Bytes that are on their way; less than before when a part must be sent again. */
  readonly onProgress: (sentBytes: number) => void;
  /** How long the sink waits before it goes on. */
  readonly onRetry: (seconds: number) => void;
}

/**
 * One repository to which images go. Errors are final: what could be tried again was. `unauthorized` and `denied` in the
 * registry's words.
 */
export interface ImageSink {
  hasBlob(digest: string, signal: AbortSignal): Promise<boolean>;
  /** Take a blob over from another repository of the same registry; false when the registry will not. */
  mountBlob(digest: string, fromPath: string, signal: AbortSignal): Promise<boolean>;
  /**
   * Bring a blob; `read` gives its bytes from an offset on. A broken transfer is taken up where the registry says that it
   * stopped.
   */
  putBlob(blob: Descriptor, read: (offset: number) => AsyncIterable<Uint8Array>, options: SendOptions): Promise<void>;
  hasManifest(digest: string, signal: AbortSignal): Promise<boolean>;
  /** Under a tag, or by its digest alone. Blobs must be there first. */
  putManifest(
    name: { readonly tag: string } | { readonly digest: string },
    document: SourceManifest,
    signal: AbortSignal,
  ): Promise<void>;
}

export interface ImageSinks {
  /** `mountFrom`: paths of repositories of the same registry that blobs may be taken over from. */
  openSink(
    repository: Reference,
    auth: RegistryAuth | undefined,
    mountFrom: readonly string[],
    notices?: RegistryNotices,
  ): ImageSink;
}
