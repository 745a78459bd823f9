/** A layer of an image: `GET /berth/images/layers?names=`. */
export interface ImageLayer {
  /** Of the blob, as it is packed. */
  readonly Digest: string;
  readonly DiffId: string;
  /** Of the blob, in bytes. */
  readonly Size: number;
}

/** `POST /berth/images/missing-layers`: which of these must `POST /berth/images/load` bring along? */
export interface MissingLayersRequest {
  readonly Layers: readonly Pick<ImageLayer, "Digest" | "DiffId">[];
}

export interface MissingLayers {
  /** Digests. */
  readonly Missing: readonly string[];
}
