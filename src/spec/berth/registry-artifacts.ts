/** A file in a registry beside its manifest, small enough for one message. */
export interface RegistryBlob {
  readonly Digest: string;
  /** Base64. */
  readonly Raw: string;
}

/** `GET /berth/registry/artifact`: a manifest and all that it names, byte for byte; of an index only the index. */
export interface RegistryArtifact {
  readonly MediaType: string;
  readonly Digest: string;
  /** Base64. */
  readonly Raw: string;
  readonly Blobs: readonly RegistryBlob[];
}

/** `POST /berth/registry/artifact`: the blobs, then the manifest that names them. */
export interface RegistryArtifactPush {
  /** `name[:tag]`, or `name@digest` of what goes under no tag. */
  readonly Name: string;
  readonly MediaType: string;
  /** Base64. */
  readonly Raw: string;
  readonly Blobs: readonly RegistryBlob[];
  /** Speak to the registry without checking certificates, or by HTTP. */
  readonly Insecure: boolean;
}
