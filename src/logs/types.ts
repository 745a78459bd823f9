import type { ShimLog, SupervisedProcess } from "#runtime/types.ts";
import type { LogSubject } from "./attributes.ts";
import type { LogPlan } from "./options/log-plan.ts";

/** Which entries of which log, and how they are printed. */
export interface LogSelection {
  /** Path given to the shim; rotated files stand beside it. */
  readonly path: string;
  readonly format: "records" | "json";
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Last lines only; undefined = all. */
  readonly tail: number | undefined;
  readonly sinceNs: bigint | undefined;
  readonly untilNs: bigint | undefined;
  readonly print: LogPrint;
}

export interface LogQuery extends LogSelection {
  /** Go on with what is written later, until `ended` resolves and everything written before that was given. */
  readonly follow: boolean;
  readonly ended: Promise<unknown>;
  readonly signal: AbortSignal;
}

/** How entries become bytes. */
export interface LogPrint {
  /** Docker's 8-byte headers; otherwise the bare output, as with a terminal. */
  readonly framed: boolean;
  /** Each line begins with its time. */
  readonly timestamps: boolean;
  /** Put before each line as it is, after the time: `--details`. */
  readonly attributes: string;
}

export interface LogReader {
  /** The log's bytes, oldest first, each chunk whole lines or entries. A log that does not exist is empty. */
  read(query: LogQuery): AsyncIterable<Uint8Array>;
  /** What the log holds when this is called, however late it is read and whatever is written or rotated meanwhile. */
  snapshot(selection: LogSelection): LogSnapshot;
}

export interface LogSnapshot {
  /** To be read once; as {@link LogReader.read} gives it. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Ends the reading. Needed unless `chunks` were read to their end. */
  close(): void;
}

/** One container's log as the engine gives it to the keeper. */
export interface LogOwner {
  readonly plan: LogPlan;
  /** Where the shim writes; other files of the log stand beside it. */
  readonly path: string;
  readonly subject: LogSubject;
}

/** Cares for logs while containers run: compresses what was rotated, forwards to receivers. */
export interface LogKeeper {
  /**
   * Before a run: what the shim is to be told, undefined = keep nothing. Opens the receiver where the driver forwards;
   * throws in Docker's words when it cannot be reached and the options do not say to go on without.
   */
  begin(owner: LogOwner): Promise<ShimLog | undefined>;
  /** The process is there, of this engine or an earlier one: care for its log until its end. */
  keep(owner: LogOwner, process: SupervisedProcess): void;
  /** What an ended run left to do. */
  resume(owner: LogOwner): void;
  /** The container goes away: the last lines are given a moment. */
  forget(containerId: string): Promise<void>;
  /** The engine ends: write down how far forwarding came. */
  close(): Promise<void>;
}
