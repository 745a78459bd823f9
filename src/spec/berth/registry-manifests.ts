import type { DescriptorPlatform } from "../oci/image.ts";

/** `GET /berth/registry/manifest`: what a registry has under a name, byte for byte. */
export interface RegistryManifest {
  readonly MediaType: string;
  readonly Digest: string;
  /** Base64. */
  readonly Raw: string;
  /** What its config says; undefined for an index. */
  readonly Platform?: DescriptorPlatform;
}

/** `POST /berth/registry/manifest`: an index for a registry that has, in some repository, what it names. */
export interface RegistryManifestPush {
  /** `name[:tag]`. */
  readonly Name: string;
  readonly MediaType: string;
  /** Base64. */
  readonly Raw: string;
  /** `name@digest` of manifests in other repositories of the registry, which are taken over first. */
  readonly Sources: readonly string[];
  /** Speak to the registry without checking certificates, or by HTTP. */
  readonly Insecure: boolean;
}

export interface RegistryManifestPushed {
  readonly Digest: string;
  /** Sources that were taken over: `name@digest` in the new repository. */
  readonly Taken: readonly string[];
}
