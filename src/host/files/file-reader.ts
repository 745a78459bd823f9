import { open } from "node:fs/promises";

const CHUNK_SIZE = 256 * 1024;

/** A file's bytes in chunks, read on a pool thread. Each chunk is valid until the next is asked for. */
export async function* readChunks(path: string, start = 0): AsyncIterable<Uint8Array> {
  const file = await open(path, "r");
  try {
    const buffer = new Uint8Array(CHUNK_SIZE);
    for (let position = start; ;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
      if (bytesRead === 0) return;
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}
