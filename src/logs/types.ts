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
  readonly print: LogPrint;
}

/** How records become bytes. */
export interface LogPrint {
  /** Docker's 8-byte headers; otherwise the bare output, as with a terminal. */
  readonly framed: boolean;
  /** Each line begins with its time. */
  readonly timestamps: boolean;
  /** Put before each line as it is, after the time: `--details`. */
  readonly attributes: string;
}

export interface LogReader {
  /** The log's bytes, oldest first, each chunk whole lines or records. A log that does not exist is empty. */
  read(query: LogQuery): AsyncIterable<Uint8Array>;
}
