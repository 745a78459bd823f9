import { BerthError } from "#base/errors.ts";
import type { BlobStore } from "#content/blob-store.ts";
import { readChunks } from "#host/files/file-reader.ts";
import type { Publishable } from "#image/manifest-of.ts";
import type { ImageSource, SourceManifest } from "#image/source.ts";
import type { Descriptor } from "#spec/oci/image.ts";

/** An image of the engine's own store as a source of its blobs. */
export class StoreSource implements ImageSource {
  readonly #blobs: Pick<BlobStore, "path">;
  readonly #published: Publishable;

  constructor(blobs: Pick<BlobStore, "path">, published: Publishable) {
    this.#blobs = blobs;
    this.#published = published;
  }

  async manifest(target: { readonly tag: string } | { readonly digest: string }): Promise<SourceManifest> {
    const { document } = this.#published;
    if ("tag" in target || target.digest === document.digest) return document;
    throw new BerthError("not-found", `${target.digest} is no manifest of this image`);
  }

  async *blob({ digest }: Descriptor, { offset = 0 }: { readonly offset?: number }): AsyncIterable<Uint8Array> {
    for await (const chunk of readChunks(this.#blobs.path(digest), offset)) yield new Uint8Array(chunk);
  }

  async tags(): Promise<readonly string[]> {
    return [];
  }
}
