import { constants, createGzip, createZstdCompress } from "node:zlib";
import { feed } from "../feed.ts";

export type PushCompression = "gzip" | "zstd";

/** Go's default, and so the ratio that people know from Docker. */
const GZIP_LEVEL = 6;
const ZSTD_LEVEL = 3;
const OUTPUT_CHUNK_SIZE = 256 * 1024;

/**
 * Compress a stream. The work is done on a pool thread; a produced chunk is the receiver's. The same bytes give the same
 * result: gzip's header carries neither name nor time.
 */
export async function* compressed(
  source: AsyncIterable<Uint8Array>,
  how: PushCompression,
  level: number = how === "gzip" ? GZIP_LEVEL : ZSTD_LEVEL,
): AsyncIterable<Uint8Array> {
  const engine =
    how === "gzip"
      ? createGzip({ level, chunkSize: OUTPUT_CHUNK_SIZE })
      : createZstdCompress({
          chunkSize: OUTPUT_CHUNK_SIZE,
          params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 },
        });
  const feeding = feed(source, engine);
  feeding.catch((error: unknown) => engine.destroy(error instanceof Error ? error : new Error(String(error))));
  try {
    for await (const chunk of engine as AsyncIterable<Uint8Array>) yield chunk;
    await feeding;
  } finally {
    engine.destroy();
  }
}
