import type { Artifact } from "#image/copy/artifacts.ts";
import type { AuthConfig } from "#spec/docker/auth.ts";
import type { Descriptor, DescriptorPlatform } from "#spec/oci/image.ts";
import type { Reference } from "#spec/oci/reference.ts";

/** Questions to registries that bring no image here. Implemented by remote/. */
export interface Registries {
  /** `term` may begin with a registry's host. `internal` in Docker's words when it cannot be searched. */
  search(
    term: string,
    options: { readonly limit: number; readonly auth: AuthConfig | undefined; readonly signal: AbortSignal },
  ): Promise<
    readonly {
      readonly name: string;
      readonly description: string;
      readonly stars: number;
      readonly isOfficial: boolean;
    }[]
  >;
  /** `not-found` and `unauthorized` in the registry's words. */
  describe(
    reference: Reference,
    auth: AuthConfig | undefined,
    signal: AbortSignal,
  ): Promise<{
    readonly descriptor: Descriptor;
    readonly platforms: readonly DescriptorPlatform[];
    readonly isIndex: boolean;
    /** The manifest or index as it is there. */
    readonly bytes: Uint8Array;
  }>;
  /**
   * An index under a tag; the `sources` it names, from other repositories there, are taken over first. Resolves to what
   * they are called now. Errors are the registry's.
   */
  pushList(request: {
    readonly to: Reference;
    readonly document: { readonly mediaType: string; readonly digest: string; readonly bytes: Uint8Array };
    readonly sources: readonly Reference[];
    readonly auth: AuthConfig | undefined;
    readonly signal: AbortSignal;
  }): Promise<readonly string[]>;
  /** What is no image, with all that it names. `not-found` and `unauthorized` in the registry's words. */
  readArtifact(request: {
    readonly from: Reference;
    readonly auth: AuthConfig | undefined;
    readonly signal: AbortSignal;
  }): Promise<Artifact>;
  /** Blobs and the manifest that names them. Errors are the registry's. */
  pushArtifact(
    request: Artifact & {
      readonly to: Reference;
      readonly auth: AuthConfig | undefined;
      readonly signal: AbortSignal;
    },
  ): Promise<void>;
  /** The same, of which one may be spoken to without checking certificates, or by HTTP. */
  insecure(domain: string): Registries;
}

/** Files from web servers. */
export interface Downloads {
  /** What a server gives for `url`; errors of the transfer are thrown by the iteration. */
  open(
    url: string,
    signal: AbortSignal,
  ): Promise<{ readonly sizeBytes: number | undefined; readonly chunks: AsyncIterable<Uint8Array> }>;
}

/** Asks a registry whether it accepts credentials. Implemented by remote/. */
export interface RegistryLogin {
  /** Resolves with an identity token when the registry gives one. `unauthorized` in the registry's words. */
  login(auth: AuthConfig): Promise<{ readonly identityToken: string | undefined }>;
}
