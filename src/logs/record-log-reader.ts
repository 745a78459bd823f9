import { watchName, type DirectoryWatch } from "#host/directory-watch.ts";
import { LogFile, openLogFiles } from "./log-file.ts";
import { RecordPrinter } from "./record-printer.ts";
import { tailPosition } from "./tail-position.ts";
import type { LogQuery, LogReader } from "./types.ts";

const readBytes = 512 * 1024;

/** Reads the shim's record log (runtime/shim/record.ts), across rotations. */
export class RecordLogReader implements LogReader {
  async *read(query: LogQuery): AsyncGenerator<Uint8Array> {
    const watch = query.follow ? watcherOf(query.path) : undefined;
    const files = openLogFiles(query.path);
    try {
      const start = query.tail === undefined ? { file: 0, offset: 0 } : tailPosition(files, query, query.tail);
      const printer = new RecordPrinter(query);
      for (const [index, file] of files.entries()) {
        if (index < start.file) continue;
        const isLast = index === files.length - 1;
        const reader = new FileReader(file, index === start.file ? start.offset : 0, printer);
        yield* reader.rest();
        if (printer.past || query.signal.aborted) return;
        if (isLast && watch !== undefined) yield* followFrom(query, reader, printer, watch);
      }
      if (files.length === 0 && watch !== undefined) yield* followFrom(query, undefined, printer, watch);
    } finally {
      watch?.close();
      for (const file of files) file.close();
    }
  }
}

function watcherOf(path: string): DirectoryWatch {
  const slash = path.lastIndexOf("/");
  return watchName(path.slice(0, slash), path.slice(slash + 1));
}

/** Reads one file forward; keeps a record that is not whole yet for the next time. */
class FileReader {
  readonly file: LogFile;
  readonly #printer: RecordPrinter;
  readonly #buffer = new Uint8Array(readBytes);
  #position: number;

  constructor(file: LogFile, position: number, printer: RecordPrinter) {
    this.file = file;
    this.#position = position;
    this.#printer = printer;
  }

  /** Everything that is there now. */
  *rest(): Generator<Uint8Array> {
    for (;;) {
      const count = this.file.read(this.#buffer, this.#position);
      if (count === 0) return;
      const used = this.#printer.push(this.#buffer.subarray(0, count));
      this.#position += used;
      const printed = this.#printer.take();
      if (printed.byteLength > 0) yield printed;
      if (used === 0 || this.#printer.past) return;
    }
  }
}

async function* followFrom(
  query: LogQuery,
  first: FileReader | undefined,
  printer: RecordPrinter,
  watch: DirectoryWatch,
): AsyncGenerator<Uint8Array> {
  let reader = first;
  const stop = stopOf(query);
  try {
    for (;;) {
      const stopped = stop.happened;
      // Order matters: a newer file is looked for before the old one is read to its end, so its end is final then.
      for (let newer = newerFile(query.path, reader); newer !== undefined; newer = newerFile(query.path, reader)) {
        if (reader !== undefined) {
          yield* reader.rest();
          if (reader !== first) reader.file.close();
        }
        reader = new FileReader(newer, 0, printer);
      }
      if (reader !== undefined) yield* reader.rest();
      if (stopped || printer.past) return;
      await Promise.race([watch.changed(), stop.promise]);
    }
  } finally {
    stop.cancel();
    if (reader !== undefined && reader !== first) reader.file.close();
  }
}

/** The file written after the one being read; undefined when it is still the newest. */
function newerFile(path: string, reader: FileReader | undefined): LogFile | undefined {
  const now = LogFile.open(path);
  if (now === undefined) return undefined;
  if (reader === undefined) return now;
  if (now.identity === reader.file.identity) {
    now.close();
    return undefined;
  }
  // Rotated more than once since: the next one is somewhere in between, or the eldest that is left.
  const files = openLogFiles(path);
  now.close();
  const at = files.findIndex((file) => file.identity === reader.file.identity);
  const next = files[at + 1];
  for (const file of files) if (file !== next) file.close();
  return next;
}

interface Stop {
  happened: boolean;
  readonly promise: Promise<void>;
  cancel(): void;
}

/** The run's end, the client's leaving, or the clock passing `until`. */
function stopOf(query: LogQuery): Stop {
  const { promise, resolve } = Promise.withResolvers<void>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop: Stop = {
    happened: false,
    promise,
    cancel: () => {
      clearTimeout(timer);
      query.signal.removeEventListener("abort", happen);
    },
  };
  const happen = (): void => {
    stop.happened = true;
    resolve();
  };
  query.ended.then(happen, happen);
  query.signal.addEventListener("abort", happen, { once: true });
  if (query.signal.aborted) happen();
  if (query.untilNs !== undefined) {
    const milliseconds = Number(query.untilNs / 1_000_000n) - Date.now();
    timer = setTimeout(happen, Math.min(Math.max(0, milliseconds), 0x7fffffff));
  }
  return stop;
}
