import type { ScheduleOutcome, ScheduleRow } from "#spec/berth/schedule.ts";

/** Starts by schedule, by the names of their containers; bounded by number. Each call is one durable transaction. */
export interface ScheduleRows {
  insert(row: ScheduleRow): void;
  /** What became of a container's run under way. */
  finish(containerId: string, outcome: ScheduleOutcome): void;
  /** Newest first. */
  ofName(containerName: string): readonly ScheduleRow[];
  running(): readonly ScheduleRow[];
}
