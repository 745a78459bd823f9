import { hasCode } from "../kernel/errno.ts";
import { dataRanges } from "./data-ranges.ts";
import { FICLONE } from "../kernel/linux.ts";
import { copyFileRange, ftruncate, lseek, raw, read, writeAll } from "../kernel/syscalls.ts";

const SEEK_SET = 0;
const COPY_BYTES = 1 << 30;

/**
 * Copy a file's `sizeBytes` into a new, empty one: by sharing its blocks where the file system can (FICLONE), else range
 * by range, so that holes stay holes. What grows behind `sizeBytes` meanwhile is left out.
 */
export function copyContent(source: number, target: number, sizeBytes: number): void {
  if (raw("ioctl", target, FICLONE, source) >= 0) return;
  for (const { start, end } of dataRanges(source, sizeBytes)) {
    lseek(source, start, SEEK_SET);
    lseek(target, start, SEEK_SET);
    copyRange(source, target, end - start);
  }
  ftruncate(target, sizeBytes);
}

/** copy_file_range(2), which splices where it can; by hand across file systems that refuse it (EXDEV, EINVAL). */
function copyRange(source: number, target: number, length: number): void {
  let left = length;
  try {
    while (left > 0) {
      const copied = copyFileRange(source, target, Math.min(left, COPY_BYTES));
      if (copied === 0) return;
      left -= copied;
    }
  } catch (error) {
    if (!hasCode(error, "EXDEV", "EINVAL", "ENOSYS", "EOPNOTSUPP")) throw error;
    const buffer = new Uint8Array(Math.min(left, 1 << 17));
    while (left > 0) {
      const count = read(source, buffer.subarray(0, Math.min(left, buffer.length)));
      if (count === 0) return;
      writeAll(target, buffer.subarray(0, count));
      left -= count;
    }
  }
}
