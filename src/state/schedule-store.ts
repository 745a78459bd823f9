import type { Row, SqlDatabase } from "#host/bun/sqlite.ts";
import type { ScheduleOutcome, ScheduleRow } from "#spec/berth/schedule.ts";
import { numberColumn, textColumn } from "./json-column.ts";

/** Of each name. */
const kept = 100;

/** Starts by schedule. They outlive their containers, by name: 100 of each. */
export class ScheduleStore {
  readonly #database: SqlDatabase;

  constructor(deps: { readonly database: SqlDatabase }) {
    this.#database = deps.database;
  }

  insert(row: ScheduleRow): void {
    this.#database.transaction(() => {
      this.#database
        .prepare(
          `INSERT INTO schedule_runs (container_id, container_name, due_ms, started_ms, ended_ms, exit_code, outcome, message)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        )
        .run(
          row.containerId,
          row.containerName,
          row.dueMs,
          row.startedMs ?? null,
          row.endedMs ?? null,
          row.exitCode ?? null,
          row.outcome,
          row.message,
        );
      this.#database
        .prepare(
          `DELETE FROM schedule_runs WHERE container_name = ?1 AND number <=
           (SELECT number FROM schedule_runs WHERE container_name = ?1 ORDER BY number DESC LIMIT 1 OFFSET ${kept})`,
        )
        .run(row.containerName);
    });
  }

  /** What became of a container's run under way. */
  finish(containerId: string, { endedMs, exitCode, outcome, message }: ScheduleOutcome): void {
    this.#database
      .prepare(
        `UPDATE schedule_runs SET ended_ms = ?, exit_code = ?, outcome = ?, message = ?
         WHERE container_id = ? AND outcome = 'running'`,
      )
      .run(endedMs ?? null, exitCode ?? null, outcome, message, containerId);
  }

  /** Newest first. */
  ofName(containerName: string): readonly ScheduleRow[] {
    return this.#database
      .prepare("SELECT * FROM schedule_runs WHERE container_name = ? ORDER BY number DESC")
      .all(containerName)
      .map(decode);
  }

  /** Runs under way when they were last heard of. */
  running(): readonly ScheduleRow[] {
    return this.#database.prepare("SELECT * FROM schedule_runs WHERE outcome = 'running'").all().map(decode);
  }
}

function decode(row: Row): ScheduleRow {
  const maybe = (column: string): number | undefined => (row[column] === null ? undefined : numberColumn(row, column));
  return {
    containerId: textColumn(row, "container_id"),
    containerName: textColumn(row, "container_name"),
    dueMs: numberColumn(row, "due_ms"),
    startedMs: maybe("started_ms"),
    endedMs: maybe("ended_ms"),
    exitCode: maybe("exit_code"),
    outcome: textColumn(row, "outcome"),
    message: textColumn(row, "message"),
  };
}
