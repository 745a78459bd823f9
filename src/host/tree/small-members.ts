import type { ByteString } from "#spec/tar/byte-string.ts";
import { paddingOf, putPlainEntry } from "#spec/tar/encode-entry.ts";
import { BLOCK_SIZE } from "#spec/tar/header.ts";
import type { TarEntry } from "#spec/tar/tar-reader.ts";
import { readInto, SMALL_FILE_BYTES, type ContentRoom, type FileFacts, type ListedFile } from "../files/file-list.ts";
import { S_IFMT, S_IFREG } from "../kernel/linux.ts";

/** Small files that are read at a time: 8 MiB at most. */
export const MAX_TOGETHER = 128;

/** Files from `start` on that can be read together: small ones, of one name each. */
export function smallFiles(files: readonly ListedFile[], start: number): readonly ListedFile[] {
  let end = start;
  for (let file = files[end]; file !== undefined && end - start < MAX_TOGETHER; file = files[++end]) {
    const { mode, nlink, size } = file.stat;
    if ((mode & S_IFMT) !== S_IFREG || nlink > 1 || size > SMALL_FILE_BYTES) break;
  }
  return files.slice(start, end);
}

/**
 * Small files of one folder as members of an archive, read to where they are in it: trees of many files consist of them, and
 * what is done for each of them counts. `members` are valid until the next ones are asked for; behind them comes the file
 * `alone`, which has attributes, or a header longer than a block, or could not be read.
 */
export function* membersOf(
  folderFd: number,
  files: readonly ListedFile[],
  room: ContentRoom,
  describe: (name: ByteString, stat: FileFacts) => TarEntry,
): Generator<{ readonly members: Uint8Array; readonly alone: ByteString | undefined }> {
  const { bytes, statuses } = readInto(folderFd, files, room, { head: BLOCK_SIZE, block: BLOCK_SIZE });
  let start = 0;
  let end = 0;
  for (const [index, { name, stat }] of files.entries()) {
    const isPlain = statuses[index] === 0 && putPlainEntry(bytes, end, describe(name, stat));
    const behind = end + BLOCK_SIZE + stat.size + paddingOf(stat.size);
    if (!isPlain) {
      yield { members: bytes.subarray(start, end), alone: name };
      start = behind;
    }
    end = behind;
  }
  yield { members: bytes.subarray(start, end), alone: undefined };
}
