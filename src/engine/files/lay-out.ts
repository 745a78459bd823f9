import { BerthError } from "#base/errors.ts";
import { read } from "#host/kernel/syscalls.ts";
import type { TreeWriter } from "#host/tree/tree-writer.ts";
import { decompressed, sniffCompression, SNIFF_LENGTH } from "#image/unpack/decompress.ts";
import { TarReader } from "#spec/tar/tar-reader.ts";

const READ_SIZE = 1 << 20;
/** Errors that tell of the machine, not of the archive or the tree it goes to. */
const OURS: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT", "EMFILE", "ENFILE", "ENOMEM", "EIO", "EFBIG"]);

/** Give a writer all of the archive that a descriptor reads, plain or compressed by gzip or zstd, and close the writer. */
export async function layOut(source: number, writer: TreeWriter): Promise<void> {
  try {
    const reader = new TarReader(writer);
    const buffer = new Uint8Array(READ_SIZE);
    let filled = 0;
    while (filled < SNIFF_LENGTH) {
      const count = read(source, buffer.subarray(filled));
      if (count === 0) break;
      filled += count;
    }
    const compression = sniffCompression(buffer.subarray(0, filled));
    if (compression === "none") {
      for (let count = filled; count > 0; count = read(source, buffer)) {
        reader.push(count === buffer.length ? buffer : buffer.subarray(0, count));
      }
    } else {
      for await (const chunk of decompressed(chunks(source, buffer, filled), compression)) reader.push(chunk);
    }
    reader.end();
    writer.finish();
  } finally {
    writer.close();
  }
}

async function* chunks(source: number, buffer: Uint8Array, filled: number): AsyncGenerator<Uint8Array> {
  for (let count = filled; count > 0; count = read(source, buffer)) yield buffer.subarray(0, count);
}

/** What the kernel refused because of the archive or the place it goes to is the client's to mend. */
export function blamedOnArchive(error: unknown): unknown {
  if (!(error instanceof BerthError) || (error.kind !== "internal" && error.kind !== "data-loss")) return error;
  const { code } = error.details;
  if (error.kind === "internal" && (code === undefined || OURS.has(code))) return error;
  const kind = code === "EROFS" ? "forbidden" : "invalid-parameter";
  return new BerthError(kind, error.message, { cause: error });
}
