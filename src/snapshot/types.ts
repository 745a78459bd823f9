/**
 * Terms: a *layer* is one unpacked, read-only directory of an image, shared by every image that has it; a *snapshot*
 * is the writable view of one container over an ordered chain of layers.
 */
export interface LayerDirectory {
  /** sha256 digest of the layer's uncompressed tar (`sha256:…`). */
  readonly diffId: string;
  /** Absolute path of the unpacked tree. */
  readonly path: string;
  readonly sizeBytes: number;
}

/** How to mount a container's root. Plain data: the launch plan mounts it inside the container's own mount namespace. */
export interface RootMount {
  readonly kind: "overlay";
  /** Absolute directories, topmost first, each once: a layer that occurs twice counts only where it is topmost. */
  readonly lowerDirs: readonly string[];
  readonly upperDir: string;
  readonly workDir: string;
}

export interface Snapshotter {
  /**
   * Create (or find) the writable snapshot `key` over `diffIds` (bottom first). Survives a crash; idempotent.
   * `limitBytes`: what can be written to it at most; the file system must keep project quotas.
   */
  prepare(key: string, diffIds: readonly string[], limitBytes?: number): Promise<RootMount>;
  /** The mount of an existing snapshot, `not-found` otherwise. */
  mount(key: string): Promise<RootMount>;
  /** Delete the snapshot and its files; no error when it is gone already. */
  remove(key: string): Promise<void>;
  /** Bytes in the writable directory. */
  usage(key: string): Promise<{ readonly sizeBytes: number; readonly inodes: number }>;
  keys(): Promise<readonly string[]>;
}
