import { watchName, type DirectoryWatch } from "#host/files/directory-watch.ts";
import type { FilesInUse } from "../files/files-in-use.ts";
import { openLogFiles } from "../files/log-directory.ts";
import type { LogFile } from "../files/log-file.ts";
import { openLogFile } from "../files/open-log-file.ts";
import type { EntryFormat } from "../format/entry-format.ts";
import { JsonFormat } from "../format/json-format.ts";
import { RecordFormat } from "../format/record-format.ts";
import type { LogQuery, LogReader, LogSelection, LogSnapshot } from "../types.ts";
import { EntryPrinter } from "./entry-printer.ts";
import { tailPosition } from "./tail-position.ts";

/** Most logs that are read to their end, as at a container's, are shorter than a page. */
const firstReadBytes = 4 * 1024;
const readBytes = 512 * 1024;

/** A file's time of change may be this much earlier than the times in it: the kernel's coarse clock. */
const clockSlackNs = 1_000_000_000n;

/** Reads the shim's log files (runtime/shim/record.ts), across rotations. */
export class FileLogReader implements LogReader {
  readonly #inUse: FilesInUse;

  constructor(deps: { readonly inUse: FilesInUse }) {
    this.#inUse = deps.inUse;
  }

  async *read(query: LogQuery): AsyncGenerator<Uint8Array> {
    const watch = query.follow ? watcherOf(query.path) : undefined;
    const log = query.follow ? this.#open(query.path) : this.#openAsItIs(query.path);
    try {
      const format = formatOf(query);
      const printer = new EntryPrinter(query);
      let last: FileReader | undefined;
      for (const reader of readersOf(log.files, query, format, printer)) {
        yield* reader.rest();
        if (printer.past || query.signal.aborted) return;
        last = reader;
      }
      if (watch !== undefined) yield* followFrom(query, { format, printer, watch, inUse: this.#inUse }, last);
    } finally {
      watch?.close();
      log.close();
    }
  }

  snapshot(selection: LogSelection): LogSnapshot {
    const log = this.#openAsItIs(selection.path);
    async function* read(): AsyncGenerator<Uint8Array> {
      const printer = new EntryPrinter(selection);
      try {
        if (log.isClosed) return;
        for (const reader of readersOf(log.files, selection, formatOf(selection), printer)) {
          for (const chunk of reader.rest()) {
            yield chunk;
            if (log.isClosed) return;
          }
          if (printer.past) return;
        }
      } finally {
        log.close();
      }
    }
    return { chunks: read(), close: () => log.close() };
  }

  /** A container that writes faster than its log is read would never be read to its end. */
  #openAsItIs(path: string): OpenLog {
    const log = this.#open(path);
    const newest = log.files.pop();
    if (newest !== undefined) log.files.push(new FileAsItIs(newest));
    return log;
  }

  #open(path: string): OpenLog {
    return new OpenLog(openLogFiles(path), this.#inUse);
  }
}

/** A log's files, oldest first, kept from being compressed until they are closed. */
class OpenLog {
  readonly files: LogFile[];
  readonly #inUse: FilesInUse;
  isClosed = false;

  constructor(files: LogFile[], inUse: FilesInUse) {
    this.files = files;
    this.#inUse = inUse;
    for (const { identity } of files) inUse.hold(identity);
  }

  /** May be called twice. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    for (const file of this.files) {
      this.#inUse.release(file.identity);
      file.close();
    }
  }
}

function formatOf({ format }: LogSelection): EntryFormat {
  return format === "json" ? new JsonFormat() : new RecordFormat();
}

/** One reader for each file that may hold wanted entries. */
function* readersOf(
  files: readonly LogFile[],
  selection: LogSelection,
  format: EntryFormat,
  printer: EntryPrinter,
): Generator<FileReader> {
  const start =
    selection.tail === undefined
      ? { file: firstAfter(files, selection.sinceNs), offset: 0 }
      : tailPosition(files, format, selection, selection.tail);
  for (const [index, file] of files.entries())
    if (index >= start.file) yield new FileReader(file, index === start.file ? start.offset : 0, format, printer);
}

/** A file that may grow, without what is written to it from now on. */
class FileAsItIs implements LogFile {
  readonly #file: LogFile;
  readonly size: number;

  constructor(file: LogFile) {
    this.#file = file;
    this.size = file.size;
  }

  get identity(): string {
    return this.#file.identity;
  }

  get modifiedNs(): bigint {
    return this.#file.modifiedNs;
  }

  read(into: Uint8Array, position: number): number {
    return this.#file.read(into.subarray(0, Math.max(0, this.size - position)), position);
  }

  close(): void {
    this.#file.close();
  }
}

/** Index of the first file that may hold entries from `sinceNs` on. */
function firstAfter(files: readonly LogFile[], sinceNs: bigint | undefined): number {
  if (sinceNs === undefined) return 0;
  const found = files.findIndex((file) => file.modifiedNs + clockSlackNs >= sinceNs);
  return found < 0 ? Math.max(0, files.length - 1) : found;
}

function watcherOf(path: string): DirectoryWatch {
  const slash = path.lastIndexOf("/");
  return watchName(path.slice(0, slash), path.slice(slash + 1));
}

/** Reads one file forward; keeps an entry that is not whole yet for the next time. */
class FileReader {
  readonly file: LogFile;
  readonly #format: EntryFormat;
  readonly #printer: EntryPrinter;
  #buffer = new Uint8Array(firstReadBytes);
  #position: number;

  constructor(file: LogFile, position: number, format: EntryFormat, printer: EntryPrinter) {
    this.file = file;
    this.#position = position;
    this.#format = format;
    this.#printer = printer;
  }

  /** Everything that is there now. */
  *rest(): Generator<Uint8Array> {
    for (;;) {
      const count = this.file.read(this.#buffer, this.#position);
      if (count === 0) return;
      const used = this.#format.decode(this.#buffer.subarray(0, count), this.#printer);
      this.#position += used;
      const printed = this.#printer.take();
      if (printed.byteLength > 0) yield printed;
      if (this.#printer.past) return;
      const full = count === this.#buffer.byteLength;
      if (used === 0 && (!full || count >= this.#format.maxBytes)) return;
      if (full && count < readBytes) this.#buffer = new Uint8Array(readBytes);
      else if (used === 0) this.#buffer = new Uint8Array(2 * count);
    }
  }
}

interface Following {
  readonly format: EntryFormat;
  readonly printer: EntryPrinter;
  readonly watch: DirectoryWatch;
  readonly inUse: FilesInUse;
}

async function* followFrom(
  query: LogQuery,
  { format, printer, watch, inUse }: Following,
  first: FileReader | undefined,
): AsyncGenerator<Uint8Array> {
  let reader = first;
  const leave = (left: FileReader | undefined): void => {
    if (left === undefined || left === first) return;
    inUse.release(left.file.identity);
    left.file.close();
  };
  const stop = stopOf(query);
  try {
    for (;;) {
      const stopped = stop.happened;
      // Order matters: a newer file is looked for before the old one is read to its end, so its end is final then.
      for (let newer = newerFile(query.path, reader); newer !== undefined; newer = newerFile(query.path, reader)) {
        inUse.hold(newer.identity);
        if (reader !== undefined) yield* reader.rest();
        leave(reader);
        reader = new FileReader(newer, 0, format, printer);
      }
      if (reader !== undefined) yield* reader.rest();
      if (stopped || printer.past) return;
      await Promise.race([watch.changed(), stop.promise]);
    }
  } finally {
    stop.cancel();
    leave(reader);
  }
}

/** The file written after the one being read; undefined when it is still the newest. */
function newerFile(path: string, reader: FileReader | undefined): LogFile | undefined {
  const now = openLogFile(path);
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
