/** What is known of a stored blob without reading it. */
export interface StoredBlob {
  readonly sizeBytes: number;
  /** Changes whenever the stored bytes may have changed: inode and time of change, an entity tag. */
  readonly version: string;
}

export interface PendingUpload {
  readonly id: string;
  readonly touchedAtMs: number;
}

/** Appends to one upload. One writer at a time. */
export interface UploadWriter {
  /** Resolves when there is room for more. `resource-exhausted` when the disk is full. */
  write(chunk: Uint8Array): Promise<void>;
  /** Call in every case, also after a failed write, and once more after a failure: what was taken can be read from now on. */
  finish(): Promise<void>;
}

/**
 * Where a registry keeps bytes. Blobs have digests for names and never change; an upload is a growing file under an id of
 * its own. A blob appears under its name at once and whole, and is on stable storage by then. `storage/driver.suite.ts`
 * is what every driver must pass.
 */
export interface StorageDriver {
  /** An empty upload; `conflict` when the id is taken. */
  begin(uploadId: string): Promise<void>;
  /** Go on behind the first `offsetBytes` bytes; what lies behind them is dropped. `not-found` without such an upload. */
  append(uploadId: string, offsetBytes: number): Promise<UploadWriter>;
  /** Bytes that an upload holds; undefined without such an upload. */
  uploadSize(uploadId: string): Promise<number | undefined>;
  /** Each chunk lasts until the next is asked for. */
  readUpload(uploadId: string): AsyncIterable<Uint8Array>;
  /** Turn an upload into the blob `digest`, which the caller has verified. A blob of that name is replaced. */
  commit(uploadId: string, digest: string): Promise<StoredBlob>;
  /** Drop an upload; nothing when there is none. */
  discard(uploadId: string): Promise<void>;
  uploads(): Promise<readonly PendingUpload[]>;

  stat(digest: string): Promise<StoredBlob | undefined>;
  /** Bytes from `start` on. `not-found`. Each chunk lasts until the next is asked for. */
  read(digest: string, start: number): AsyncIterable<Uint8Array>;
  /** A file that holds the blob's bytes, where there is one: servers hand it to the kernel. */
  localPath(digest: string): string | undefined;
  /** False when there was none. */
  remove(digest: string): Promise<boolean>;
  /** Take a damaged blob away from its name and keep its bytes for whoever looks into it. */
  quarantine(digest: string): Promise<void>;
  /** Every stored blob with the time it was stored. */
  blobs(): AsyncIterable<{ readonly digest: string; readonly storedAtMs: number }>;
}
