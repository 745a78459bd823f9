/** What whoever runs a registry may choose. */
export interface RegistrySettings {
  /** Larger manifests are refused; distribution-spec wants at least 4 MiB to be taken. */
  readonly maxManifestBytes: number;
  /** Larger blobs are refused. */
  readonly maxBlobBytes: number;
  /** How long a blob that no manifest names is kept, and an upload that nobody goes on with. */
  readonly graceMs: number;
  /** How long a deleted manifest can be brought back. */
  readonly undeleteMs: number;
  /** Most names, tags or referrers in one answer. */
  readonly pageSize: number;
  /** Refuse every change. */
  readonly readOnly: boolean;
}

const HOUR_MS = 3_600_000;

export const defaultSettings: RegistrySettings = {
  maxManifestBytes: 4 * 1024 * 1024,
  maxBlobBytes: Number.MAX_SAFE_INTEGER,
  graceMs: 24 * HOUR_MS,
  undeleteMs: 7 * 24 * HOUR_MS,
  pageSize: 1000,
  readOnly: false,
};
