/** `POST /berth/images/copy`: from registry to registry. */
export interface ImageCopyRequest {
  readonly From: string;
  readonly To: string;
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
