import { createHash } from "node:crypto";
import { isDigest } from "#base/digest.ts";
import { BerthError, isBerthError } from "#base/errors.ts";
import { hasCode } from "#host/kernel/errno.ts";
import { readAll, withFd } from "#host/files/files.ts";
import { O_DIRECTORY, O_NONBLOCK, O_PATH, O_RDONLY } from "#host/kernel/linux.ts";
import { openInRoot } from "#host/files/rooted-path.ts";
import { close, fstat, open, read } from "#host/kernel/syscalls.ts";
import type { ImageService, StoredImage } from "#image/types.ts";
import type { Descriptor, Manifest } from "#spec/oci/image.ts";
import { MEDIA_TYPE } from "#spec/oci/media-types.ts";
import { isImageManifest, parseManifestDocument } from "#spec/oci/parse-image.ts";
import { choosePlatform, formatPlatform, type Platform } from "#spec/oci/platform.ts";
import { encodeEntry, END_OF_ARCHIVE, paddingOf } from "#spec/tar/encode-entry.ts";
import { plainEntry } from "#spec/tar/plain-entry.ts";

const MAX_DOCUMENT_BYTES = 4 << 20;
const MAX_DEPTH = 4;
const READ_BYTES = 1 << 20;
const REF_NAME = "org.opencontainers.image.ref.name";

/**
 * Images of OCI layouts in folders of this machine, `PATH[:TAG][@DIGEST]` (OCI image-spec `image-layout.md`). What is found
 * is kept in the store without a name, as an image that was pulled for a build is kept. Nothing outside the folder is read.
 */
export class LayoutImages {
  readonly #images: Pick<ImageService, "load" | "resolve">;
  readonly #signal: AbortSignal;

  constructor(images: Pick<ImageService, "load" | "resolve">, signal: AbortSignal) {
    this.#images = images;
    this.#signal = signal;
  }

  /** `not-found` for what the layout does not hold, `invalid-parameter` for what is no layout, `data-loss` for a damaged one. */
  async get(reference: string, platform: Platform): Promise<StoredImage> {
    const { path, tag, digest } = parseLayoutReference(reference);
    const layout = openLayout(path);
    try {
      const top = digest === undefined ? taggedEntry(layout, tag, reference) : { ...layout.describe(digest), digest };
      const found = manifestFor(layout, top, platform, 0);
      if (found === undefined)
        throw new BerthError("not-found", `${reference} holds no image for ${formatPlatform(platform)}`);
      const known = await this.#known(found.manifest.config.digest);
      return known ?? (await this.#load(layout, found));
    } finally {
      layout.close();
    }
  }

  async #known(id: string): Promise<StoredImage | undefined> {
    try {
      return await this.#images.resolve(id);
    } catch (error) {
      if (isBerthError(error, "not-found")) return undefined;
      throw error;
    }
  }

  async #load(layout: Layout, found: Found): Promise<StoredImage> {
    const [loaded] = await this.#images.load({
      archive: archiveOf(layout, found),
      platforms: [],
      signal: this.#signal,
      onProgress: () => {},
      onText: () => {},
    });
    if (loaded === undefined) throw new BerthError("internal", "a layout's image was not loaded");
    return this.#images.resolve(loaded.id);
  }
}

interface LayoutReference {
  readonly path: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

function parseLayoutReference(text: string): LayoutReference {
  const at = text.lastIndexOf("@");
  const digest = at < 0 ? undefined : text.slice(at + 1);
  if (digest !== undefined && !isDigest(digest))
    throw new BerthError("invalid-parameter", `invalid digest in oci-layout://${text}`);
  const [, path = "", tag] = /^(.*?)(?::([^/:]+))?$/s.exec(at < 0 ? text : text.slice(0, at)) ?? [];
  if (!path.startsWith("/")) throw new BerthError("invalid-parameter", `oci-layout://${text} has no absolute path`);
  return { path, tag, digest };
}

/** Files of one layout. */
interface Layout {
  document(name: string): Uint8Array;
  /** A blob's descriptor, by what it says of itself. */
  describe(digest: string): Descriptor;
  /** A readable descriptor, the caller's, and the file's size. */
  open(digest: string): { readonly fd: number; readonly sizeBytes: number };
  close(): void;
}

function openLayout(path: string): Layout {
  const refused = (error: unknown, name: string): unknown =>
    hasCode(error, "ENOENT", "ENOTDIR", "ELOOP", "EISDIR")
      ? new BerthError("invalid-parameter", `${path} is no OCI layout: it has no ${name}`, { cause: error })
      : error;
  const attempt = <T>(name: string, work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw refused(error, name);
    }
  };
  const root = attempt("folder", () => open(path, O_PATH | O_DIRECTORY));
  const openFile = (name: string): number => attempt(name, () => openInRoot(root, name, O_RDONLY | O_NONBLOCK));
  const document = (name: string): Uint8Array =>
    withFd(openFile(name), (fd) => attempt(name, () => readAll(fd, MAX_DOCUMENT_BYTES, name)));
  return {
    document,
    describe(digest) {
      const bytes = document(blobPath(digest));
      // Documents do not have to say what they are.
      const guess = Buffer.from(bytes).includes('"manifests"') ? MEDIA_TYPE.ociIndex : MEDIA_TYPE.ociManifest;
      const { kind } = parseManifestDocument(bytes, guess);
      const mediaType = kind === "index" ? MEDIA_TYPE.ociIndex : MEDIA_TYPE.ociManifest;
      return { mediaType, digest, size: bytes.length };
    },
    open(digest) {
      const fd = openFile(blobPath(digest));
      return { fd, sizeBytes: fstat(fd).size };
    },
    close: () => close(root),
  };
}

const blobPath = (digest: string): string => `blobs/${digest.replace(":", "/")}`;

/** The entry of that name, without one `latest` or the only one. */
function taggedEntry(layout: Layout, tag: string | undefined, reference: string): Descriptor {
  const parsed = parseManifestDocument(layout.document("index.json"), MEDIA_TYPE.ociIndex);
  if (parsed.kind !== "index") throw new BerthError("invalid-parameter", `${reference}: index.json is no index`);
  const entries = parsed.index.manifests;
  const named = entries.find(({ annotations = {} }) => annotations[REF_NAME] === (tag ?? "latest"));
  const found = named ?? (tag === undefined && entries.length === 1 ? entries[0] : undefined);
  if (found !== undefined) return found;
  throw new BerthError("not-found", `the layout has no image ${tag ?? "latest"}: ${reference}`);
}

interface Found {
  readonly manifest: Manifest;
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

function manifestFor(layout: Layout, descriptor: Descriptor, platform: Platform, depth: number): Found | undefined {
  const bytes = layout.document(blobPath(descriptor.digest));
  const algorithm = descriptor.digest.slice(0, descriptor.digest.indexOf(":"));
  if (`${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}` !== descriptor.digest)
    throw new BerthError("data-loss", `the layout's blob ${descriptor.digest} is damaged`);
  const parsed = parseManifestDocument(bytes, descriptor.mediaType);
  if (parsed.kind === "manifest")
    return isImageManifest(parsed.manifest) ? { manifest: parsed.manifest, descriptor, bytes } : undefined;
  const chosen = choosePlatform(platform, parsed.index.manifests);
  return chosen === undefined || depth >= MAX_DEPTH ? undefined : manifestFor(layout, chosen, platform, depth + 1);
}

/** A layout of this image alone, nameless, as an archive. */
async function* archiveOf(layout: Layout, { manifest, descriptor, bytes }: Found): AsyncGenerator<Uint8Array> {
  const { mediaType, digest, size } = descriptor;
  const index = { schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests: [{ mediaType, digest, size }] };
  yield* member("oci-layout", Buffer.from('{"imageLayoutVersion":"1.0.0"}'));
  yield* member("index.json", Buffer.from(JSON.stringify(index)));
  yield* member(blobPath(digest), bytes);
  for (const blob of new Set([manifest.config, ...manifest.layers].map((part) => part.digest))) {
    const { fd, sizeBytes } = layout.open(blob);
    try {
      yield encodeEntry(plainEntry("file", blobPath(blob), sizeBytes));
      const buffer = new Uint8Array(READ_BYTES);
      for (let left = sizeBytes; left > 0;) {
        const count = read(fd, buffer.subarray(0, Math.min(left, buffer.length)));
        if (count === 0) throw new BerthError("data-loss", `the layout's blob ${blob} became shorter`);
        yield buffer.slice(0, count);
        left -= count;
      }
      yield new Uint8Array(paddingOf(sizeBytes));
    } finally {
      close(fd);
    }
  }
  yield END_OF_ARCHIVE;
}

function* member(name: string, bytes: Uint8Array): Generator<Uint8Array> {
  yield encodeEntry(plainEntry("file", name, bytes.length));
  yield bytes;
  yield new Uint8Array(paddingOf(bytes.length));
}
