import { recordStream } from "#runtime/shim/record.ts";
import type { LogFile } from "../files/log-file.ts";
import type { EntryFormat, EntrySink, EntryTime } from "../format/entry-format.ts";
import type { LogQuery } from "../types.ts";

export interface LogPosition {
  /** Index into the files, oldest first. */
  readonly file: number;
  readonly offset: number;
}

const blockBytes = 256 * 1024;

/**
 * Where the last `lines` lines of the chosen streams begin, walking the entries backwards from the end. A line that is cut
 * into several entries counts once.
 */
export function tailPosition(
  files: readonly LogFile[],
  format: EntryFormat,
  query: Pick<LogQuery, "stdout" | "stderr" | "sinceNs" | "untilNs">,
  lines: number,
): LogPosition {
  const walk = new BackwardWalk(query, lines);
  for (let index = files.length - 1; index >= 0; index -= 1) {
    const offset = walkFile(files[index] as LogFile, format, walk);
    if (walk.done) return { file: index, offset };
  }
  return { file: 0, offset: 0 };
}

/** Counts lines from the end. A line's first entry is the one before which a whole line of its stream ended. */
class BackwardWalk implements EntrySink {
  readonly #query: Pick<LogQuery, "stdout" | "stderr" | "sinceNs" | "untilNs">;
  readonly #wanted: number;
  #lines = 0;
  /** The entry seen last is no longer part of the tail. */
  done = false;

  constructor(query: Pick<LogQuery, "stdout" | "stderr" | "sinceNs" | "untilNs">, wanted: number) {
    this.#query = query;
    this.#wanted = wanted;
  }

  /** See one entry further back. */
  entry(_bytes: Uint8Array, _start: number, _end: number, stream: number, partial: boolean, time: EntryTime): boolean {
    const { stdout, stderr, sinceNs, untilNs } = this.#query;
    if (!(stream === recordStream.stderr ? stderr : stdout)) return true;
    if (untilNs !== undefined && time.now() > untilNs) return true;
    const endsLine = !partial || this.#lines === 0;
    if ((sinceNs !== undefined && time.now() < sinceNs) || (endsLine && this.#lines === this.#wanted)) {
      this.done = true;
      return false;
    }
    if (endsLine) this.#lines += 1;
    return true;
  }
}

/** Offset after the first entry, from the end, that the walk does not accept; 0 when it accepts all. */
function walkFile(file: LogFile, format: EntryFormat, walk: BackwardWalk): number {
  let end = soundEnd(file, format);
  let block = new Uint8Array();
  let from = end;
  while (end > 0) {
    const have = end - from;
    const start = have > 0 ? format.startOf(block, have, from === 0) : undefined;
    if (start !== undefined) {
      format.decode(block.subarray(start, have), walk);
      if (walk.done) return end;
      end = from + start;
    } else if (from > 0 && have < format.maxBytes) {
      // The entry begins further back: have a block that ends with it, larger each time.
      const wanted = Math.min(end, Math.max(blockBytes, 2 * have));
      if (wanted > block.byteLength) block = new Uint8Array(wanted);
      from = end - wanted;
      file.read(block.subarray(0, end - from), from);
    } else return end;
  }
  return 0;
}

/** The end of the file without an entry that a crash tore: found by walking forward only when the last bytes do not tell. */
function soundEnd(file: LogFile, format: EntryFormat): number {
  const { size } = file;
  const last = new Uint8Array(Math.min(size, blockBytes));
  const from = size - last.byteLength;
  const count = file.read(last, from);
  const end = format.soundEnd(last.subarray(0, count));
  if (end !== undefined) return from + end;
  const sink = { entry: (): boolean => true };
  const block = new Uint8Array(Math.min(size, Math.max(blockBytes, format.maxBytes)));
  for (let position = 0; ;) {
    const used = format.decode(block.subarray(0, file.read(block, position)), sink);
    if (used === 0) return position;
    position += used;
  }
}
