import type { Descriptor } from "#spec/oci/image.ts";
import type { Reference } from "#spec/oci/reference.ts";
import type { RegistryNotices } from "./registry-notices.ts";
import type { RegistryAuth } from "./types.ts";

/** Manifest bytes as a source gave them; `digest` is computed from the bytes. */
export interface SourceManifest {
  readonly mediaType: string;
  readonly digest: string;
  readonly bytes: Uint8Array;
}

/**
 * One repository from which images come: a registry's, or later an archive's. Errors are final: what could be tried
 * again was. `not-found` and `unauthorized` in Docker's words.
 */
export interface ImageSource {
  /** By tag or digest; the bytes hash to the digest asked for. At most 4 MiB. */
  manifest(
    target: { readonly tag: string } | { readonly digest: string },
    signal: AbortSignal,
  ): Promise<SourceManifest>;
  /**
   * A blob's bytes from `offset` (0) on, as they come; a broken transfer is taken up where it stopped. Not verified. A
   * chunk is the receiver's for good. `onRetry` hears how long the source waits before it goes on.
   */
  blob(
    blob: Descriptor,
    options: { readonly signal: AbortSignal; readonly onRetry: (seconds: number) => void; readonly offset?: number },
  ): AsyncIterable<Uint8Array>;
  tags(signal: AbortSignal): Promise<readonly string[]>;
}

export interface ImageSources {
  open(repository: Reference, auth: RegistryAuth | undefined, notices?: RegistryNotices): ImageSource;
}
