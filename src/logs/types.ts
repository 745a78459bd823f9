/** One write of the container's process, as the shim recorded it. */
export interface LogRecord {
  readonly stream: "stdout" | "stderr";
  /** Unix nanoseconds. */
  readonly timeNs: bigint;
  /** Bytes as written, line end included where there was one. */
  readonly payload: Uint8Array;
}

export interface LogQuery {
  /** Path given to the shim; rotated files stand beside it. */
  readonly path: string;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Last lines only; undefined = all. */
  readonly tail: number | undefined;
  readonly sinceNs: bigint | undefined;
  readonly untilNs: bigint | undefined;
  /** Go on with what is written later, until `ended` resolves and everything written before that was given. */
  readonly follow: boolean;
  readonly ended: Promise<unknown>;
  readonly signal: AbortSignal;
}

export interface LogReader {
  /** Oldest first. A log that does not exist is empty. */
  read(query: LogQuery): AsyncIterable<LogRecord>;
}
