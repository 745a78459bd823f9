import { randomId } from "#base/ids.ts";
import { recordStream } from "#runtime/shim/record.ts";
import type { FilesInUse } from "../files/files-in-use.ts";
import { openLogFiles } from "../files/log-directory.ts";
import type { LogFile } from "../files/log-file.ts";
import type { EntrySink, EntryTime } from "../format/entry-format.ts";
import { fileIdOf, RecordFormat } from "../format/record-format.ts";
import type { LogMessage, MessagePart } from "./receiver.ts";

/** A place in a log: the file with this id, and an offset in it. */
export interface LogPlace {
  readonly file: bigint;
  readonly offset: number;
}

const blockBytes = 128 * 1024;

interface Current {
  readonly id: bigint;
  readonly file: LogFile;
  offset: number;
}

/** Reads a record log onward from a place, over rotated and compressed files. */
export class RecordSource implements EntrySink {
  readonly #path: string;
  readonly #inUse: FilesInUse;
  readonly #format = new RecordFormat();
  readonly #block = new Uint8Array(blockBytes);
  #current: Current | undefined;
  #wanted: LogPlace | undefined;
  #messages: LogMessage[] = [];
  /** The line that is being given in pieces, by stream. */
  readonly #open = new Map<number, MessagePart>();

  /** `from` undefined = from the beginning. */
  constructor(path: string, from: LogPlace | undefined, inUse: FilesInUse) {
    this.#path = path;
    this.#wanted = from;
    this.#inUse = inUse;
  }

  /** Behind what was given; undefined before the first file was found. */
  get place(): LogPlace | undefined {
    return this.#current === undefined ? this.#wanted : { file: this.#current.id, offset: this.#current.offset };
  }

  /**
   * The next messages; none when all there is was given. `lost`: files that were not read to their end may have been
   * rotated away before these.
   */
  next(): { readonly messages: readonly LogMessage[]; readonly lost: boolean } {
    for (;;) {
      const messages = this.#read();
      if (messages.length > 0) return { messages, lost: false };
      const successor = this.#successor();
      if (successor === undefined) return { messages, lost: false };
      // What was written between the last look and the rotation; the successor is found again.
      const rest = this.#read();
      if (rest.length > 0) {
        successor.current.file.close();
        return { messages: rest, lost: false };
      }
      this.#leave();
      this.#current = successor.current;
      this.#inUse.hold(successor.current.file.identity);
      if (successor.lost) return { messages: this.#read(), lost: true };
    }
  }

  close(): void {
    this.#leave();
  }

  entry(bytes: Uint8Array, start: number, end: number, stream: number, partial: boolean, time: EntryTime): boolean {
    const before = this.#open.get(stream);
    const part =
      before === undefined && !partial
        ? undefined
        : { id: before?.id ?? randomId(), ordinal: (before?.ordinal ?? 0) + 1, last: !partial };
    if (partial && part !== undefined) this.#open.set(stream, part);
    else this.#open.delete(stream);
    this.#messages.push({
      stream: stream === recordStream.stderr ? "stderr" : "stdout",
      text: bytes.slice(start, end),
      timeNs: time.now(),
      part,
    });
    return true;
  }

  #read(): readonly LogMessage[] {
    this.#messages = [];
    const current = this.#current;
    if (current === undefined) return [];
    while (this.#messages.length === 0) {
      const count = current.file.read(this.#block, current.offset);
      const used = this.#format.decode(this.#block.subarray(0, count), this);
      if (used === 0) break;
      current.offset += used;
    }
    return this.#messages;
  }

  /** The file after the current one; the wanted one at first. */
  #successor(): { readonly current: Current; readonly lost: boolean } | undefined {
    const files = openLogFiles(this.#path).map((file) => ({ file, id: idOf(file) }));
    const from = this.#current?.id ?? this.#wanted?.file;
    const known = from === undefined || files.some(({ id }) => id === from);
    const isNext = (id: bigint | undefined): id is bigint => {
      if (id === undefined || from === undefined) return id !== undefined;
      return this.#current === undefined ? id >= from : id > from;
    };
    let found: Current | undefined;
    for (const { file, id } of files) {
      if (found === undefined && isNext(id)) {
        found = {
          id,
          file,
          offset: id === this.#wanted?.file && this.#current === undefined ? this.#wanted.offset : 0,
        };
      } else file.close();
    }
    return found === undefined ? undefined : { current: found, lost: !known };
  }

  #leave(): void {
    if (this.#current === undefined) return;
    this.#inUse.release(this.#current.file.identity);
    this.#current.file.close();
    this.#current = undefined;
  }
}

/** The id a record file begins with. */
export function idOf(file: LogFile): bigint | undefined {
  const head = new Uint8Array(20);
  return fileIdOf(head.subarray(0, file.read(head, 0)));
}
