import { ensureDirectory, listDirectory, readAll, removeFile, withFd } from "#host/files/files.ts";
import { O_APPEND, O_CREAT, O_NOFOLLOW, O_RDONLY, O_RDWR } from "#host/kernel/linux.ts";
import { close, fstat, ftruncate, open, pread, writeAll } from "#host/kernel/syscalls.ts";
import { eventLine, parseEventLine, type EventRecord } from "./event.ts";

/** A place between two records. */
export interface EventPosition {
  readonly file: number;
  readonly offset: number;
}

interface EventFile {
  readonly number: number;
  readonly firstNs: bigint;
  sizeBytes: number;
}

export interface EventFileLimits {
  /** A file that is larger is left and the next one begun. */
  readonly fileBytes: number;
  /** Of all files together; the oldest goes first. */
  readonly totalBytes: number;
  readonly ageNs: bigint;
}

/** 16 MiB are some 50,000 events. */
export const defaultEventLimits: EventFileLimits = {
  fileBytes: 1 << 20,
  totalBytes: 16 << 20,
  ageNs: 30n * 86_400_000_000_000n,
};

const chunkBytes = 64 << 10;
/** A longer line is not written: the reader takes a line in one piece. */
const longestLineBytes = 1 << 20;

/**
 * The history of events on disk:
 *
 *   <directory>/00000001.jsonl … one event a line, oldest file first, each up to `fileBytes` long
 *
 * A record is in the file when append() returns: it survives a killed engine. Nothing is synced: a power cut may take
 * the last seconds. A line that such a cut left unfinished is cut off when the directory is opened.
 */
export class EventFiles {
  readonly #directory: string;
  readonly #limits: EventFileLimits;
  readonly #files: EventFile[] = [];
  #fd: number | undefined;
  /** Time of the newest record, 0 when there is none. */
  readonly lastNs: bigint;

  constructor(deps: { readonly directory: string; readonly limits: EventFileLimits }) {
    this.#directory = deps.directory;
    this.#limits = deps.limits;
    ensureDirectory(deps.directory, 0o700);
    const numbers = listDirectory(deps.directory)
      .map((name) => /^(\d{8})\.jsonl$/.exec(name)?.[1])
      .filter((digits) => digits !== undefined)
      .map(Number)
      .toSorted((a, b) => a - b);
    const newest = numbers.at(-1);
    if (newest !== undefined) this.#cutUnfinished(newest);
    for (const number of numbers) {
      const file = this.#openExisting(number);
      if (file !== undefined) this.#files.push(file);
    }
    const last = this.#files.at(-1);
    this.lastNs = last === undefined ? 0n : this.#newestTime(last);
  }

  /** Behind the newest record. */
  get end(): EventPosition {
    const last = this.#files.at(-1);
    return last === undefined ? { file: 1, offset: 0 } : { file: last.number, offset: last.sizeBytes };
  }

  /** Where reading begins for records of `sinceNs` and later: records before it may come first. */
  startOf(sinceNs: bigint): EventPosition {
    const after = this.#files.findIndex(({ firstNs }) => firstNs >= sinceNs);
    const file = this.#files[after < 0 ? this.#files.length - 1 : Math.max(0, after - 1)];
    return file === undefined ? this.end : { file: file.number, offset: 0 };
  }

  append(record: EventRecord): void {
    const bytes = Buffer.from(eventLine(record));
    if (bytes.byteLength > longestLineBytes) return;
    let last = this.#files.at(-1);
    if (last === undefined || this.#isFull(last, record.timeNs)) last = this.#begin(record.timeNs);
    this.#fd ??= open(this.#path(last.number), O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW, 0o600);
    try {
      writeAll(this.#fd, bytes);
      last.sizeBytes += bytes.byteLength;
    } catch (error) {
      // What a full disk took of a line would make the next one unreadable.
      ftruncate(this.#fd, last.sizeBytes);
      throw error;
    }
  }

  /**
   * Some records from a position on, not beyond `until`; undefined when they have been given up meanwhile. `next` is
   * behind the last of them.
   */
  read(
    from: EventPosition,
    until: EventPosition,
  ): { readonly records: readonly EventRecord[]; readonly next: EventPosition } | undefined {
    const index = this.#files.findIndex(({ number }) => number === from.file);
    const file = this.#files[index];
    if (file === undefined) return undefined;
    const end = file.number === until.file ? until.offset : file.sizeBytes;
    if (from.offset >= end) {
      const following = this.#files[index + 1];
      return { records: [], next: following === undefined ? from : { file: following.number, offset: 0 } };
    }
    const bytes = this.#lines(file.number, from.offset, end);
    return {
      records: recordsOf(bytes),
      next: { file: file.number, offset: from.offset + Math.max(bytes.byteLength, 1) },
    };
  }

  close(): void {
    if (this.#fd !== undefined) close(this.#fd);
    this.#fd = undefined;
  }

  #path(number: number): string {
    return `${this.#directory}/${String(number).padStart(8, "0")}.jsonl`;
  }

  /** Also by age, so that what is too old can go where little happens. */
  #isFull({ sizeBytes, firstNs }: EventFile, nowNs: bigint): boolean {
    return sizeBytes >= this.#limits.fileBytes || nowNs - firstNs > this.#limits.ageNs / 8n;
  }

  #begin(firstNs: bigint): EventFile {
    this.close();
    const file = { number: (this.#files.at(-1)?.number ?? 0) + 1, firstNs, sizeBytes: 0 };
    this.#files.push(file);
    this.#forget(firstNs);
    return file;
  }

  /** Remove what is too much or too old. The newest file stays. */
  #forget(nowNs: bigint): void {
    let total = this.#files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    while (this.#files.length > 1) {
      const [oldest, following] = this.#files as [EventFile, EventFile];
      const tooOld = following.firstNs < nowNs - this.#limits.ageNs;
      if (!tooOld && total + this.#limits.fileBytes <= this.#limits.totalBytes) return;
      removeFile(this.#path(oldest.number));
      this.#files.shift();
      total -= oldest.sizeBytes;
    }
  }

  /** Whole lines from `offset` on, at least one when there is one. */
  #lines(number: number, offset: number, end: number): Uint8Array {
    return withFd(open(this.#path(number), O_RDONLY), (fd) => {
      for (let size = chunkBytes; ; size *= 4) {
        const bytes = new Uint8Array(Math.min(size, end - offset));
        const filled = bytes.subarray(0, pread(fd, bytes, offset));
        const newline = filled.lastIndexOf(10);
        if (newline >= 0) return filled.subarray(0, newline + 1);
        if (filled.byteLength < size) return filled;
      }
    });
  }

  /** Without a record it is worth nothing, and goes. */
  #openExisting(number: number): EventFile | undefined {
    const path = this.#path(number);
    const sizeBytes = withFd(open(path, O_RDONLY), (fd) => fstat(fd).size);
    const first = recordsOf(this.#lines(number, 0, sizeBytes))[0];
    if (first !== undefined) return { number, firstNs: first.timeNs, sizeBytes };
    removeFile(path);
    return undefined;
  }

  #cutUnfinished(number: number): void {
    const path = this.#path(number);
    withFd(open(path, O_RDWR | O_NOFOLLOW), (fd) => {
      const bytes = readAll(fd, this.#limits.fileBytes + 2 * longestLineBytes, path);
      const whole = bytes.lastIndexOf(10) + 1;
      if (whole < bytes.byteLength) ftruncate(fd, whole);
    });
  }

  #newestTime({ number, sizeBytes, firstNs }: EventFile): bigint {
    const tail = this.#lines(number, Math.max(0, sizeBytes - chunkBytes), sizeBytes);
    return recordsOf(tail).at(-1)?.timeNs ?? firstNs;
  }
}

function recordsOf(lines: Uint8Array): readonly EventRecord[] {
  return new TextDecoder()
    .decode(lines)
    .split("\n")
    .map(parseEventLine)
    .filter((record) => record !== undefined);
}
