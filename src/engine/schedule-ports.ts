/** Starts by schedule, by the names of their containers; bounded by number. Each call is one durable transaction. */
export interface ScheduleRows {
  insert(row: ScheduleRow): void;
  /** What became of a container's run under way. */
  finish(containerId: string, outcome: ScheduleOutcome): void;
  /** Newest first. */
  ofName(containerName: string): readonly ScheduleRow[];
  running(): readonly ScheduleRow[];
}

export interface ScheduleRow {
  readonly containerId: string;
  readonly containerName: string;
  readonly dueMs: number;
  readonly startedMs: number | undefined;
  readonly endedMs: number | undefined;
  readonly exitCode: number | undefined;
  /** One of `ScheduledRun`'s. */
  readonly outcome: string;
  readonly message: string;
}

export type ScheduleOutcome = Pick<ScheduleRow, "endedMs" | "exitCode" | "outcome" | "message">;
