/** Receives the entries of a log file. The bytes are valid until the call returns. */
export interface EntrySink {
  /**
   * One entry: `bytes[start…end)` of `stream` (1 stdout, 2 stderr) without the newline, which follows unless `partial`.
   * `time` is asked when it is needed: to make it costs more than the rest. False = no further entries, please.
   */
  entry(bytes: Uint8Array, start: number, end: number, stream: number, partial: boolean, time: EntryTime): boolean;
}

/** Unix nanoseconds of the entry that is being given. */
export interface EntryTime {
  now(): bigint;
}

/** How entries lie in a file. One instance a reading: it keeps what the last entry's time was. */
export interface EntryFormat {
  /** No entry takes more bytes in a file. */
  readonly maxBytes: number;
  /**
   * Give the whole entries in `bytes` to the sink; the result says how many bytes they took. Stops at an entry that is not
   * whole (0 when that is the first); what can be no entry is passed over.
   */
  decode(bytes: Uint8Array, sink: EntrySink): number;
  /**
   * Where the entry begins that ends at `end`; undefined when it is not in `bytes` as a whole, or there is none.
   * `fileStart`: `bytes` begin where the file does.
   */
  startOf(bytes: Uint8Array, end: number, fileStart: boolean): number | undefined;
  /** End of the last whole entry in `bytes`, which are the last of a file; undefined when that is not to be told from them. */
  soundEnd(bytes: Uint8Array): number | undefined;
}
