import { createHash } from "node:crypto";
import { TarReader } from "#spec/tar/tar-reader.ts";
import { decompressed, sniffCompression, SNIFF_LENGTH } from "./decompress.ts";
import { LayerWriter, type LayerWriterResult } from "./layer-writer.ts";

export interface UnpackedLayer extends LayerWriterResult {
  /** Digest of the uncompressed archive, `sha256:…`. */
  readonly diffId: string;
}

/**
 * One pass over a layer: decompress, hash what comes out, and lay it out below `rootFd`. The compression is told by the
 * first bytes. Throws `data-loss` for damaged streams, `invalid-parameter` for malformed archives, and what the file
 * system answers (`resource-exhausted` when it is full); the tree is then unfinished.
 */
export async function unpackLayer(source: AsyncIterable<Uint8Array>, rootFd: number): Promise<UnpackedLayer> {
  const hash = createHash("sha256");
  const writer = new LayerWriter(rootFd);
  const reader = new TarReader(writer);
  try {
    const { head, rest } = await splitHead(source);
    for await (const chunk of decompressed(rest, sniffCompression(head))) {
      hash.update(chunk);
      reader.push(chunk);
    }
    reader.end();
    return { ...writer.finish(), diffId: `sha256:${hash.digest("hex")}` };
  } finally {
    writer.close();
  }
}

/** The first bytes, and the whole stream again. */
async function splitHead(
  source: AsyncIterable<Uint8Array>,
): Promise<{ head: Uint8Array; rest: AsyncIterable<Uint8Array> }> {
  const iterator = source[Symbol.asyncIterator]();
  let head = new Uint8Array(0);
  while (head.length < SNIFF_LENGTH) {
    const next = await iterator.next();
    if (next.done === true) break;
    head = Buffer.concat([head, next.value]);
  }
  async function* rest(): AsyncIterable<Uint8Array> {
    try {
      if (head.length > 0) yield head;
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
    } finally {
      await iterator.return?.();
    }
  }
  return { head, rest: rest() };
}
