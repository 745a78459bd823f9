import type { Manifest } from "#spec/oci/image.ts";

/** What the reader asks of an archive; names are members' paths. */
export interface ArchiveDocuments {
  has(name: string): boolean;
  /** `invalid-parameter` when there is no such document. */
  document(name: string): Uint8Array;
}

/** A manifest of an archive, not checked against its digest yet. */
export interface FoundManifest {
  readonly manifest: Manifest;
  readonly bytes: Uint8Array;
  readonly digest: string;
}
