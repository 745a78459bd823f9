import type { ImageDeleteItem } from "./image.ts";

/** `POST /containers/prune`. */
export interface ContainersPruned {
  /** Null when there was nothing to remove, as everywhere below. */
  readonly ContainersDeleted: readonly string[] | null;
  /** Bytes. */
  readonly SpaceReclaimed: number;
}

/** `POST /images/prune`. */
export interface ImagesPruned {
  readonly ImagesDeleted: readonly ImageDeleteItem[] | null;
  readonly SpaceReclaimed: number;
}
