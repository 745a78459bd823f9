/**
 * The log files the shim writes a supervised process's output to. They belong to the shim (writer: native/shim/log.c,
 * native/shim/log_json.c); `logs/` reads them.
 *
 * Records:
 *
 *   file = records, one after the other, nothing between them
 *   record (little endian, unaligned):
 *
 *     0        4        5       6         8               16              16+length   20+length
 *     | length | stream | flags | "BL"    | time          | bytes …       | length    |
 *     | u32    | u8     | u8    | u8 u8   | u64 unix ns   | length bytes  | u32       |
 *
 * - The first record of a file has stream {@link recordStream.file} and no bytes; its time is the file's id, larger than
 *   that of every older file of this log. Files of an older writer may lack it.
 * - `bytes` is one line without its "\n". Flag {@link recordFlag.partial}: no newline followed, i.e. the line is longer
 *   than {@link maxRecordBytes} and goes on in this stream's next record, or it is the unfinished end of the output.
 * - The length at the end lets a reader walk backwards (tail); header and trailer must agree.
 *
 * JSON lines: what Docker's json-file driver writes, one object a line; `log` ends in "\n" unless the record is partial.
 *
 * Both:
 * - The file may end in a torn entry after a crash: stop there. The next writer cuts it off before it appends.
 * - Rotation: before a write would pass the maximum size, `path` is renamed to `path.1`, `path.1` to `path.2`, … up to
 *   maxFiles-1, the eldest is removed; with one file it starts anew. A follower sees the new inode.
 * - The engine may replace `path.N` (N > 0) by a compressed `path.N.gz`; rotation renames these alike. Whoever renames holds
 *   flock(2) on the directory; the shim never waits for it, it rotates at a later write.
 */
export const recordHeaderBytes = 16;
export const recordTrailerBytes = 4;
export const maxRecordBytes = 16 * 1024;
export const recordMagic0 = 0x42;
export const recordMagic1 = 0x4c;

export const recordStream = { file: 0, stdout: 1, stderr: 2 } as const;
export const recordFlag = { partial: 1 } as const;
