import { createHash } from "node:crypto";
import { TarReader } from "#spec/tar/tar-reader.ts";
import { decompressed, sniffCompression, SNIFF_LENGTH } from "./decompress.ts";
import { splitHead } from "./split-head.ts";
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
    const { head, rest } = await splitHead(source, SNIFF_LENGTH);
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
