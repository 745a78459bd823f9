/** `POST /berth/images/copy`: from registry to registry. */
export interface ImageCopyRequest {
  readonly From: string;
  readonly To: string;
}

/** `POST /berth/images/clean`: what goes of the images that nobody uses. */
export interface ImageCleanRequest {
  /** Nothing goes as long as all images take this much or less; null: everything goes that may. */
  readonly High: number | null;
  /** Then images go until all take this much or less, in bytes. */
  readonly Low: number;
  readonly UnusedForMs: number;
  /** Patterns of names that stay. */
  readonly Keep: readonly string[];
  readonly DryRun: boolean;
}

export interface ImagesCleaned {
  readonly Images: readonly {
    readonly Id: string;
    readonly Names: readonly string[];
    /** RFC 3339. */
    readonly LastUsed: string;
  }[];
  /** What all images took, packed and unpacked. */
  readonly BytesBefore: number;
  readonly SpaceReclaimed: number;
}

/** Answer of `POST /berth/system/check`. */
export interface SystemCheck {
  readonly Images: number;
  readonly Blobs: number;
  readonly Layers: number;
  readonly Problems: readonly {
    readonly Kind: "blob" | "layer" | "image";
    readonly Subject: string;
    readonly Message: string;
    /** Ids of the images that need it. */
    readonly Images: readonly string[];
    readonly Repaired: boolean;
  }[];
}
