import { BerthError, isBerthError, messageOf } from "#base/errors.ts";
import { hasCode } from "#host/kernel/errno.ts";
import { readChunks } from "#host/files/file-reader.ts";
import { readFile } from "#host/files/files.ts";
import { parseDigest } from "#base/digest.ts";
import { sha256Digest } from "#base/sha256.ts";
import type { ImageSource, SourceManifest } from "#image/source.ts";
import { descriptorOf } from "#image/rows.ts";
import type { Descriptor } from "#spec/oci/image.ts";

const MAX_DOCUMENT_BYTES = 8 << 20;
const REF_NAME = "org.opencontainers.image.ref.name";

/** An OCI image layout in a folder of this machine (image-spec `image-layout.md`), read only. */
export class LayoutSource implements ImageSource {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async manifest(target: { readonly tag: string } | { readonly digest: string }): Promise<SourceManifest> {
    const entry = "digest" in target ? { digest: target.digest, mediaType: "" } : this.#entry(target.tag);
    const bytes = this.#read(blobPath(entry.digest));
    const digest = sha256Digest(bytes);
    if (digest !== entry.digest) throw new BerthError("data-loss", `${entry.digest} is damaged in ${this.#folder}`);
    return { mediaType: entry.mediaType, digest, bytes };
  }

  async *blob({ digest }: Descriptor, { offset = 0 }: { readonly offset?: number }): AsyncIterable<Uint8Array> {
    for await (const chunk of readChunks(`${this.#folder}/${blobPath(digest)}`, offset)) yield new Uint8Array(chunk);
  }

  async tags(): Promise<readonly string[]> {
    return this.#index().flatMap(({ annotations }) => annotations?.[REF_NAME] ?? []);
  }

  #entry(tag: string): Descriptor {
    const found = this.#index().find(({ annotations }) => annotations?.[REF_NAME] === tag);
    if (found !== undefined) return found;
    throw new BerthError("not-found", `${this.#folder} has no ${tag}`);
  }

  #index(): readonly Descriptor[] {
    const bytes = this.#read("index.json");
    try {
      const { manifests } = JSON.parse(new TextDecoder().decode(bytes)) as { readonly manifests?: unknown };
      if (!Array.isArray(manifests)) throw new TypeError("it lists no manifests");
      return manifests.map(descriptorOf);
    } catch (error) {
      if (isBerthError(error)) throw error;
      const message = `${this.#folder}/index.json cannot be read: ${messageOf(error)}`;
      throw new BerthError("invalid-parameter", message, { cause: error });
    }
  }

  #read(name: string): Uint8Array {
    try {
      return readFile(`${this.#folder}/${name}`, MAX_DOCUMENT_BYTES);
    } catch (error) {
      if (!hasCode(error, "ENOENT", "ENOTDIR")) throw error;
      throw new BerthError("not-found", `${this.#folder}/${name} is not there`, { cause: error });
    }
  }
}

const blobPath = (digest: string): string => `blobs/${parseDigest(digest).replace(":", "/")}`;
