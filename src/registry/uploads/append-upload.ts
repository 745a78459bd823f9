import { isBerthError } from "#base/errors.ts";
import type { ByteRange } from "#spec/oci/distribution.ts";
import { checkWritable } from "../check-writable.ts";
import type { RegistryContext } from "../context.ts";
import { ChunkOutOfOrder, denied, sizeInvalid } from "../failure.ts";
import { uploadLock, uploadOffset } from "./upload.ts";

export interface Chunk {
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Where the client says they belong; behind what is there when undefined. */
  readonly range?: ByteRange;
}

/**
 * Append to an upload and give its new size. When the client leaves in the middle, what came stays and can be gone on
 * from. {@link ChunkOutOfOrder} when the range does not begin at the end, `SIZE_INVALID` when it is longer or shorter than
 * its bytes (which are dropped then), `BLOB_UPLOAD_UNKNOWN`.
 */
export function appendUpload(context: RegistryContext, repository: string, id: string, chunk: Chunk): Promise<number> {
  checkWritable(context);
  return context.locks.run(uploadLock(id), () => appendLocked(context, repository, id, chunk));
}

/** {@link appendUpload} for whoever holds the upload's lock. */
export async function appendLocked(
  context: RegistryContext,
  repository: string,
  id: string,
  { bytes, range }: Chunk,
): Promise<number> {
  const start = await uploadOffset(context, repository, id);
  if (range !== undefined && range.start !== start)
    throw new ChunkOutOfOrder(id, start, `the upload has ${start} bytes, the chunk begins at ${range.start}`);
  const limit = Math.min(context.settings.maxBlobBytes, range === undefined ? Number.MAX_SAFE_INTEGER : range.end + 1);
  const writer = await context.storage.append(id, start);
  let size = start;
  let isTooLong = false;
  try {
    for await (const piece of bytes) {
      isTooLong = size + piece.length > limit;
      if (isTooLong) break;
      context.hashes.add(id, size, piece);
      size += piece.length;
      await writer.write(piece);
    }
    await writer.finish();
  } catch (error) {
    await writer.finish().catch(() => undefined);
    // What came is kept for a client that goes on, but not on a full disk, where it would be in everybody's way.
    if (isBerthError(error, "resource-exhausted")) await dropBehind(context, id, start);
    throw error;
  }
  if (!isTooLong && (range === undefined || size === range.end + 1)) return size;
  await dropBehind(context, id, start);
  if (range !== undefined) throw sizeInvalid(`the chunk is not as long as its range ${range.start}-${range.end}`);
  throw denied(`a blob may have ${context.settings.maxBlobBytes} bytes at most`);
}

/** Put the upload back to `offset` bytes. */
async function dropBehind(context: RegistryContext, id: string, offset: number): Promise<void> {
  context.hashes.drop(id);
  await (await context.storage.append(id, offset)).finish();
}
