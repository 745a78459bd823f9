import type { DataRange } from "#spec/tar/sparse.ts";
import { raw } from "../kernel/syscalls.ts";

const SEEK_DATA = 3;
const SEEK_HOLE = 4;
const ENXIO = 6;

/**
 * Where the first `sizeBytes` of a file hold data; between lie holes. One range where the file system does not tell.
 * Moves the file's position. lseek(2), "Seeking file data and holes".
 */
export function dataRanges(fd: number, sizeBytes: number): readonly DataRange[] {
  const ranges: DataRange[] = [];
  for (let at = 0; at < sizeBytes;) {
    const start = raw("lseek", fd, at, SEEK_DATA);
    if (start === -ENXIO) break;
    if (start < 0) return [{ start: 0, end: sizeBytes }];
    const hole = raw("lseek", fd, start, SEEK_HOLE);
    if (hole < 0) return [{ start: 0, end: sizeBytes }];
    if (start >= sizeBytes) break;
    const end = Math.min(hole, sizeBytes);
    ranges.push({ start, end });
    at = end;
  }
  return ranges;
}
