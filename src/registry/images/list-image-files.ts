import { pipeline } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { printable } from "#spec/tar/byte-string.ts";
import { TarReader, type TarEntry, type TarSink } from "#spec/tar/tar-reader.ts";
import type { RegistryContext } from "../context.ts";
import { manifestInvalid } from "../failure.ts";
import { FileTree } from "./file-tree.ts";

export interface ImageFiles {
  /** As a container would see them. */
  readonly files: Pick<FileTree, "list">;
  /** False when the limits below ended the reading. */
  readonly isComplete: boolean;
}

/** Limits against archives that are made to exhaust whoever looks into them. */
const MAX_UNPACKED_BYTES = 4 * 1024 * 1024 * 1024;
const MAX_FILES = 300_000;
const MAX_SHOWN_LINK = 255;

/**
 * Read an image's layers, bottom first, and tell what files they come to: whiteouts remove what lies below (image-spec
 * "Whiteouts"). Nothing is written anywhere. `MANIFEST_INVALID` for layers that are no archives.
 */
export async function listImageFiles(context: RegistryContext, layers: readonly string[]): Promise<ImageFiles> {
  const files = new FileTree();
  const limits = { bytes: MAX_UNPACKED_BYTES };
  for (const [number, digest] of layers.entries())
    if (!(await readLayer(context, digest, new LayerSink(files, number), limits))) return { files, isComplete: false };
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
      if (limits.bytes < 0 || sink.count > MAX_FILES || sink.files.size > MAX_FILES) return false;
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
  readonly files: FileTree;
  readonly #layer: number;
  count = 0;

  constructor(files: FileTree, layer: number) {
    this.files = files;
    this.#layer = layer;
  }

  entry({ type, name, linkName, size, mode }: TarEntry): void {
    this.count += 1;
    const path = partsOf(printable(name));
    const base = path.at(-1);
    if (base === undefined) return;
    const folder = path.slice(0, -1);
    if (base === ".wh..wh..opq") this.files.clear(folder, this.#layer);
    else if (base.startsWith(".wh.")) this.files.remove([...folder, base.slice(4)], this.#layer);
    else {
      const isLink = type === "symlink" || type === "hardlink";
      const linkTarget = isLink ? printable(linkName).slice(0, MAX_SHOWN_LINK) : "";
      this.files.put(path, { type, sizeBytes: size, mode, linkTarget, layer: this.#layer });
    }
  }

  data(): void {}

  entryEnd(): void {}
}

/** `./a//b/../c/` is `a`, `c`. */
function partsOf(name: string): readonly string[] {
  const parts: string[] = [];
  for (const part of name.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts;
}
