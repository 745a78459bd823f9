import { decompressWithProgram } from "#host/processes/decompress-program.ts";
import { decompressed, sniffArchive, SNIFF_LENGTH } from "../unpack/decompress.ts";
import { splitHead } from "../unpack/split-head.ts";

/**
 * An archive as people hand it in, without its compression: gzip and zstd; bzip2 and xz by the programs of that name, as
 * Docker does. `data-loss` for damaged streams, `not-implemented` when the program is missing.
 */
export async function* archiveStream(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const { head, rest } = await splitHead(source, SNIFF_LENGTH);
  const compression = sniffArchive(head);
  if (compression === "xz" || compression === "bzip2") yield* decompressWithProgram(compression, rest);
  else yield* decompressed(rest, compression);
}
