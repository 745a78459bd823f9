/** A start by schedule, or one that did not come to be. */
export interface ScheduledRun {
  /** RFC 3339, when it was due. */
  readonly Due: string;
  readonly Started: string | null;
  readonly Ended: string | null;
  readonly ExitCode: number | null;
  /**
   * `running`, `ended`; `skipped`: it still ran from before; `missed`: the engine was away; `failed`: it could not be started;
   * `lost`: nobody saw its end.
   */
  readonly Outcome: "running" | "ended" | "skipped" | "missed" | "failed" | "lost";
  /** Why it failed, else empty. */
  readonly Message: string;
}

/** `GET /berth/schedules`: a container that the engine starts by schedule. */
export interface ContainerSchedule {
  readonly Id: string;
  /** Without a slash. */
  readonly Name: string;
  readonly Labels: Readonly<Record<string, string>>;
  /** The line of cron. */
  readonly Schedule: string;
  /** RFC 3339; null when none comes any more. */
  readonly Next: string | null;
  /** Newest first. */
  readonly Runs: readonly ScheduledRun[];
}

/** A {@link ScheduledRun} as it is kept; times are Unix milliseconds. */
export interface ScheduleRow {
  readonly containerId: string;
  /** At that time. */
  readonly containerName: string;
  readonly dueMs: number;
  readonly startedMs: number | undefined;
  readonly endedMs: number | undefined;
  readonly exitCode: number | undefined;
  readonly outcome: string;
  readonly message: string;
}

/** What became of it. */
export type ScheduleOutcome = Pick<ScheduleRow, "endedMs" | "exitCode" | "outcome" | "message">;
