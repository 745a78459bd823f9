import type { Helpers } from "#host/helpers/helper-pool.ts";
import { toUnpacked, UNPACK_TASK, type UnpackMessage } from "./unpack-task.ts";
import type { UnpackedLayer } from "./unpack-layer.ts";

/** A layer being unpacked from a blob's file that may still be growing. */
export interface Unpacking {
  /** The blob's file can be read up to `size`. */
  grow(size: number): void;
  /** The blob is complete. */
  complete(size: number): void;
  /** Stop at once; `result` rejects with `cancelled`. */
  abort(): void;
  readonly result: Promise<UnpackedLayer>;
}

/** Where layers are unpacked; see `unpack-layer.ts` for what can fail. */
export interface LayerUnpacker {
  /** Be ready for a layer that is about to come. */
  warm(): void;
  /** `treePath` is an empty directory. `onProgress` hears bytes of the blob used so far. */
  start(blobPath: string, treePath: string, onProgress: (bytes: number) => void): Unpacking;
}

/** Unpacks in helper processes, several layers at a time. */
export class HelperUnpacker implements LayerUnpacker {
  readonly #helpers: Helpers;

  constructor(deps: { readonly helpers: Helpers }) {
    this.#helpers = deps.helpers;
  }

  warm(): void {
    this.#helpers.warm();
  }

  start(blobPath: string, treePath: string, onProgress: (bytes: number) => void): Unpacking {
    const run = this.#helpers.start(UNPACK_TASK, { blobPath, treePath }, (message) => {
      if (typeof message === "number") onProgress(message);
    });
    const tell = (message: UnpackMessage): void => run.send({ ...message });
    return {
      grow: (size) => tell({ size, done: false }),
      complete: (size) => tell({ size, done: true }),
      abort: () => run.abort(),
      result: run.result.then(toUnpacked),
    };
  }
}
