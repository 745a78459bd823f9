import { createGunzip, createZstdDecompress, type Gunzip, type ZstdDecompress } from "node:zlib";
import { BerthError, messageOf } from "#base/errors.ts";
import type { LayerCompression } from "#spec/oci/media-types.ts";
import { feed } from "../feed.ts";

/** Large pieces: each costs one turn of the event loop, and inflating the next one runs beside the use of this one. */
const OUTPUT_CHUNK_SIZE = 256 * 1024;
export const SNIFF_LENGTH = 6;

/** What the first bytes say, which is what counts; `not-implemented` for compressions images must not use. */
export function sniffCompression(head: Uint8Array): LayerCompression {
  const found = sniffArchive(head);
  if (found !== "bzip2" && found !== "xz") return found;
  throw new BerthError("not-implemented", `layers compressed with ${found} are not supported`);
}

/** As {@link sniffCompression}, for archives that people hand in. */
export function sniffArchive(head: Uint8Array): LayerCompression | "bzip2" | "xz" {
  if (startsWith(head, 0x1f, 0x8b)) return "gzip";
  if (startsWith(head, 0x28, 0xb5, 0x2f, 0xfd)) return "zstd";
  // A skippable frame (RFC 8878 section 3.1.2), with which zstd:chunked layers may begin.
  if (head.length >= 4 && ((head[0] ?? 0) & 0xf0) === 0x50 && startsWith(head.subarray(1), 0x2a, 0x4d, 0x18))
    return "zstd";
  if (startsWith(head, 0x42, 0x5a, 0x68)) return "bzip2";
  if (startsWith(head, 0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00)) return "xz";
  return "none";
}

/**
 * Decompress a stream of chunks. Inflating happens on a pool thread while the caller works on the piece before. A
 * produced chunk is the caller's. Damaged or cut-off input is `data-loss`.
 */
export async function* decompressed(
  source: AsyncIterable<Uint8Array>,
  compression: LayerCompression,
): AsyncIterable<Uint8Array> {
  if (compression === "none") {
    yield* source;
    return;
  }
  const engine: Gunzip | ZstdDecompress =
    compression === "gzip"
      ? createGunzip({ chunkSize: OUTPUT_CHUNK_SIZE })
      : createZstdDecompress({ chunkSize: OUTPUT_CHUNK_SIZE });
  let sourceError: Error | undefined;
  const feeding = feed(source, engine).catch((error: unknown) => {
    sourceError ??= error instanceof Error ? error : new Error(String(error));
    engine.destroy();
  });
  try {
    for await (const chunk of engine as AsyncIterable<Uint8Array>) yield chunk;
  } catch (error) {
    if (sourceError === undefined)
      throw new BerthError("data-loss", `${compression}: ${messageOf(error)}`, { cause: error });
  } finally {
    engine.destroy();
  }
  await feeding;
  if (sourceError !== undefined) throw sourceError;
}

function startsWith(head: Uint8Array, ...magic: readonly number[]): boolean {
  return head.length >= magic.length && magic.every((byte, index) => head[index] === byte);
}
