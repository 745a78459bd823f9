import { parseRecordHeader, recordHeaderBytes, recordStream, recordTrailerBytes } from "#runtime/shim/record.ts";
import type { LogFile } from "./log-file.ts";
import type { LogQuery } from "./types.ts";

export interface LogPosition {
  /** Index into the files, oldest first. */
  readonly file: number;
  readonly offset: number;
}

const blockBytes = 256 * 1024;
const largestRecord = recordHeaderBytes + 16 * 1024 + recordTrailerBytes;

/**
 * Where the last `lines` lines of the chosen streams begin, walking the records backwards from the end. A line that is cut
 * into several records counts once.
 */
export function tailPosition(
  files: readonly LogFile[],
  query: Pick<LogQuery, "stdout" | "stderr" | "sinceNs" | "untilNs">,
  lines: number,
): LogPosition {
  const walk = new BackwardWalk(query, lines);
  for (let index = files.length - 1; index >= 0; index -= 1) {
    const file = files[index] as LogFile;
    const offset = walkFile(file, walk);
    if (walk.done) return { file: index, offset };
  }
  return { file: 0, offset: 0 };
}

/** Counts lines from the end. A line's first record is the one before which a whole line of its stream ended. */
class BackwardWalk {
  readonly #query: Pick<LogQuery, "stdout" | "stderr" | "sinceNs" | "untilNs">;
  readonly #wanted: number;
  #lines = 0;
  done = false;

  constructor(query: Pick<LogQuery, "stdout" | "stderr" | "sinceNs" | "untilNs">, wanted: number) {
    this.#query = query;
    this.#wanted = wanted;
  }

  /** See one record further back; false = it is no longer part of the tail. */
  accepts(stream: number, partial: boolean, timeNs: bigint): boolean {
    const { stdout, stderr, sinceNs, untilNs } = this.#query;
    if (!(stream === recordStream.stderr ? stderr : stdout)) return true;
    if (untilNs !== undefined && timeNs > untilNs) return true;
    if (sinceNs !== undefined && timeNs < sinceNs) return this.#stop();
    const endsLine = !partial;
    if ((endsLine || this.#lines === 0) && this.#lines === this.#wanted) return this.#stop();
    if (endsLine || this.#lines === 0) this.#lines += 1;
    return true;
  }

  #stop(): false {
    this.done = true;
    return false;
  }
}

/** Offset after the first record, from the end, that the walk does not accept; 0 when it accepts all. */
function walkFile(file: LogFile, walk: BackwardWalk): number {
  let end = wholeRecordsEnd(file);
  const block = new Uint8Array(blockBytes);
  const view = new DataView(block.buffer);
  let from = end;
  while (end > 0) {
    if (end - from < Math.min(end, largestRecord)) {
      from = Math.max(0, end - blockBytes);
      file.read(block.subarray(0, end - from), from);
    }
    const length = view.getUint32(end - from - recordTrailerBytes, true);
    const start = end - recordTrailerBytes - length - recordHeaderBytes;
    const header = start < from ? undefined : parseRecordHeader(view, start - from);
    if (header === undefined) return end;
    if (!walk.accepts(header.stream, header.partial, header.timeNs)) return end;
    end = start;
  }
  return 0;
}

/** The end of the file without a record that a crash tore: found by walking forward only when the last bytes are none. */
function wholeRecordsEnd(file: LogFile): number {
  const { size } = file;
  if (size === 0 || endsWithRecord(file, size)) return size;
  const block = new Uint8Array(blockBytes);
  const view = new DataView(block.buffer);
  let position = 0;
  for (;;) {
    const count = file.read(block, position);
    let offset = 0;
    for (;;) {
      const header = offset + recordHeaderBytes > count ? undefined : parseRecordHeader(view, offset);
      const next = offset + recordHeaderBytes + (header?.length ?? 0) + recordTrailerBytes;
      if (header === undefined || next > count) break;
      offset = next;
    }
    if (offset === 0) return position;
    position += offset;
  }
}

function endsWithRecord(file: LogFile, size: number): boolean {
  const bytes = new Uint8Array(Math.min(size, largestRecord));
  file.read(bytes, size - bytes.byteLength);
  const view = new DataView(bytes.buffer);
  if (bytes.byteLength < recordHeaderBytes + recordTrailerBytes) return false;
  const length = view.getUint32(bytes.byteLength - recordTrailerBytes, true);
  const start = bytes.byteLength - recordTrailerBytes - length - recordHeaderBytes;
  return parseRecordHeader(view, start)?.length === length;
}
