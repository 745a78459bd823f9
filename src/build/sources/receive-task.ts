import { takeReadEnd } from "#host/sockets/byte-pipe.ts";
import { removeFile } from "#host/files/files.ts";
import type { Json } from "#host/helpers/helper-protocol.ts";
import type { HelperContext } from "#host/helpers/helper-serve.ts";
import { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_PATH, O_RDWR } from "#host/kernel/linux.ts";
import { close, open, read, umask, writeAll } from "#host/kernel/syscalls.ts";
import { TreeWriter } from "#host/tree/tree-writer.ts";
import { TarReader } from "#spec/tar/tar-reader.ts";
import { archiveChunks } from "../files/archive-file.ts";

export const RECEIVE_TASK = "build-receive";
const READ_BYTES = 1 << 20;

/**
 * Lay the archive that comes through the engine's pipe out in a directory. Says `null` when it has its end of the pipe.
 * What comes compressed is kept in a file beside it first, for the programs that undo it.
 */
export async function receiveTask(input: Json, context: HelperContext): Promise<Json> {
  const { directory, pipe } = input as { readonly directory: string; readonly pipe: string };
  const source = takeReadEnd(pipe);
  await context.send(null);
  umask(0);
  try {
    const head = new Uint8Array(READ_BYTES);
    const filled = fill(source, head, 512);
    if (isPlain(head.subarray(0, filled))) await layOut(directory, fromPipe(source, head, filled));
    else await spooled(source, head.subarray(0, filled), directory);
  } finally {
    close(source);
  }
  return null;
}

async function layOut(directory: string, chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
  const rootFd = open(directory, O_PATH | O_DIRECTORY);
  const writer = new TreeWriter(rootFd);
  try {
    const reader = new TarReader(writer);
    for await (const chunk of chunks) reader.push(chunk);
    reader.end();
    writer.finish();
  } finally {
    writer.close();
    close(rootFd);
  }
}

async function spooled(source: number, head: Uint8Array, directory: string): Promise<void> {
  const path = `${directory}.archive`;
  const file = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    removeFile(path);
    writeAll(file, head);
    const buffer = new Uint8Array(READ_BYTES);
    for (let count = read(source, buffer); count > 0; count = read(source, buffer))
      writeAll(file, buffer.subarray(0, count));
    await layOut(directory, archiveChunks(file));
  } finally {
    close(file);
  }
}

/** Not by the magic number of a compression: a tar archive, or nothing at all. */
function isPlain(head: Uint8Array): boolean {
  const starts = (...magic: readonly number[]): boolean => magic.every((byte, index) => head[index] === byte);
  return !(
    starts(0x1f, 0x8b) ||
    starts(0x28, 0xb5, 0x2f, 0xfd) ||
    starts(0x42, 0x5a, 0x68) ||
    starts(0xfd, 0x37, 0x7a, 0x58, 0x5a)
  );
}

function* fromPipe(source: number, buffer: Uint8Array, filled: number): Generator<Uint8Array> {
  for (let count = filled; count > 0; count = read(source, buffer)) yield buffer.subarray(0, count);
}

function fill(source: number, buffer: Uint8Array, least: number): number {
  let filled = 0;
  while (filled < least) {
    const count = read(source, buffer.subarray(filled));
    if (count === 0) break;
    filled += count;
  }
  return filled;
}
