import { pipeline } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { printable } from "#spec/tar/byte-string.ts";
import { TarReader, type TarEntry, type TarSink } from "#spec/tar/tar-reader.ts";
import type { RegistryContext } from "../context.ts";
import { manifestInvalid } from "../failure.ts";

export interface ListedFile {
  readonly type: TarEntry["type"];
  readonly sizeBytes: number;
  readonly mode: number;
  /** Where a link leads; empty for what is none. */
  readonly linkTarget: string;
  /** Number of the layer it comes from, the bottom one is 0. */
  readonly layer: number;
}

export interface ImageFiles {
  /** By absolute path, as a container would see them. */
  readonly files: ReadonlyMap<string, ListedFile>;
  /** False when the limits below ended the reading. */
  readonly isComplete: boolean;
}

/** Limits against archives that are made to exhaust whoever looks into them. */
const MAX_UNPACKED_BYTES = 4 * 1024 * 1024 * 1024;
const MAX_FILES = 300_000;

/**
 * Read an image's layers, bottom first, and tell what files they come to: whiteouts remove what lies below (image-spec
 * "Whiteouts"). Nothing is written anywhere. `MANIFEST_INVALID` for layers that are no archives.
 */
export async function listImageFiles(context: RegistryContext, layers: readonly string[]): Promise<ImageFiles> {
  const files = new Map<string, ListedFile>();
  const limits = { bytes: MAX_UNPACKED_BYTES };
  for (const [number, digest] of layers.entries()) {
    if (!(await readLayer(context, digest, new LayerSink(files, number), limits))) return { files, isComplete: false };
    if (files.size > MAX_FILES) return { files, isComplete: false };
  }
  return { files, isComplete: true };
}

/** False when the limit was reached. */
async function readLayer(
  context: RegistryContext,
  digest: string,
  sink: LayerSink,
  limits: { bytes: number },
): Promise<boolean> {
  const reader = new TarReader(sink);
  try {
    for await (const chunk of unpacked(context.storage.read(digest, 0))) {
      limits.bytes -= chunk.length;
      reader.push(chunk);
      if (limits.bytes < 0 || sink.count > MAX_FILES) return false;
    }
    reader.end();
    return true;
  } catch (cause) {
    throw manifestInvalid(
      `layer ${digest} is no archive that can be read: ${cause instanceof Error ? cause.message : ""}`,
    );
  }
}

/** By its first bytes: media types are often wrong. */
async function* unpacked(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  const first = await iterator.next();
  if (first.done === true) return;
  const [a, b, c, d] = first.value;
  const all = (async function* rest() {
    yield first.value.slice();
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value.slice();
  })();
  const isGzip = a === 0x1f && b === 0x8b;
  const isZstd = a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd;
  if (!isGzip && !isZstd) yield* all;
  else
    yield* pipeline(
      all,
      isGzip ? createGunzip() : createZstdDecompress(),
      () => undefined,
    ) as AsyncIterable<Uint8Array>;
}

class LayerSink implements TarSink {
  readonly #files: Map<string, ListedFile>;
  readonly #layer: number;
  count = 0;

  constructor(files: Map<string, ListedFile>, layer: number) {
    this.#files = files;
    this.#layer = layer;
  }

  entry({ type, name, linkName, size, mode }: TarEntry): void {
    this.count += 1;
    const path = normal(printable(name));
    const slash = path.lastIndexOf("/");
    const [folder, base] = [path.slice(0, slash), path.slice(slash + 1)];
    if (base === ".wh..wh..opq") this.#removeBelow(folder);
    else if (base.startsWith(".wh.")) {
      this.#files.delete(`${folder}/${base.slice(4)}`);
      this.#removeBelow(`${folder}/${base.slice(4)}`);
    } else if (path !== "/") {
      const linkTarget = type === "symlink" || type === "hardlink" ? printable(linkName) : "";
      this.#files.set(path, { type, sizeBytes: size, mode, linkTarget, layer: this.#layer });
    }
  }

  data(): void {}

  entryEnd(): void {}

  /** What this layer itself brought stays. */
  #removeBelow(folder: string): void {
    for (const [path, { layer }] of this.#files)
      if (layer < this.#layer && path.startsWith(`${folder}/`)) this.#files.delete(path);
  }
}

/** `./a//b/../c/` is `/a/c`. */
function normal(name: string): string {
  const parts: string[] = [];
  for (const part of name.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}
