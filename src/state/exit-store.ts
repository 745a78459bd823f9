import type { Row, SqlDatabase, Statement } from "#host/bun/sqlite.ts";

import { jsonColumn, numberColumn, textColumn, type Validate } from "./json-column.ts";

export interface ExitRow<Report> {
  readonly containerId: string;
  /** At that time. */
  readonly containerName: string;
  readonly finishedMs: number;
  readonly report: Report;
}

const keptForOne = 20;
const keptInAll = 2_000;
const keptMs = 90 * 86_400_000;
/** How many insertions may pass between two looks at the whole table. */
const sweepEvery = 64;

/** Ends of containers. They outlive their containers: up to 20 of each, 2,000 in all, for 90 days. */
export class ExitStore<Report> {
  readonly #database: SqlDatabase;
  readonly #validate: Validate<Report>;
  readonly #insert: Statement;
  readonly #surplus: Statement;
  #insertions = 0;

  constructor(deps: { readonly database: SqlDatabase; readonly validate: Validate<Report> }) {
    this.#database = deps.database;
    this.#validate = deps.validate;
    this.#insert = deps.database.prepare(
      "INSERT INTO exits (container_id, container_name, finished_ms, report) VALUES (?, ?, ?, ?)",
    );
    this.#surplus = deps.database.prepare(
      `SELECT number FROM exits WHERE container_id = ? ORDER BY number DESC LIMIT 1 OFFSET ${keptForOne - 1}`,
    );
  }

  insert(row: ExitRow<Report>): void {
    const values = [row.containerId, row.containerName, row.finishedMs, JSON.stringify(row.report)] as const;
    const surplus = this.#surplus.get(row.containerId);
    this.#database.transaction(() => {
      this.#insert.run(...values);
      if (surplus !== undefined) this.#forget(row.containerId, numberColumn(surplus, "number"));
      if (this.#insertions % sweepEvery === 0) this.#sweep(row.finishedMs);
    });
    this.#insertions += 1;
  }

  /** Newest first. */
  ofContainer(containerId: string): readonly ExitRow<Report>[] {
    return this.#database
      .prepare("SELECT * FROM exits WHERE container_id = ? ORDER BY number DESC")
      .all(containerId)
      .map((row) => this.#decode(row));
  }

  /** When the newest end of a container was; undefined when none is kept. */
  newestMs(containerId: string): number | undefined {
    const row = this.#database
      .prepare("SELECT finished_ms FROM exits WHERE container_id = ? ORDER BY number DESC LIMIT 1")
      .get(containerId);
    return row === undefined ? undefined : numberColumn(row, "finished_ms");
  }

  /** Ids that a reference may mean: that of the newest end under this name, else up to two that begin with it. */
  find(reference: string): readonly string[] {
    const named = this.#database
      .prepare("SELECT container_id FROM exits WHERE container_name = ? ORDER BY number DESC LIMIT 1")
      .get(reference);
    if (named !== undefined) return [textColumn(named, "container_id")];
    return this.#database
      .prepare("SELECT DISTINCT container_id FROM exits WHERE container_id >= ? AND container_id < ? LIMIT 2")
      .all(reference, `${reference}\u{10ffff}`)
      .map((row) => textColumn(row, "container_id"));
  }

  #forget(containerId: string, upTo: number): void {
    this.#database.prepare("DELETE FROM exits WHERE container_id = ? AND number <= ?").run(containerId, upTo);
  }

  #sweep(nowMs: number): void {
    this.#database.prepare("DELETE FROM exits WHERE finished_ms < ?").run(nowMs - keptMs);
    this.#database
      .prepare(
        `DELETE FROM exits WHERE number <= (SELECT number FROM exits ORDER BY number DESC LIMIT 1 OFFSET ${keptInAll})`,
      )
      .run();
  }

  #decode(row: Row): ExitRow<Report> {
    return {
      containerId: textColumn(row, "container_id"),
      containerName: textColumn(row, "container_name"),
      finishedMs: numberColumn(row, "finished_ms"),
      report: jsonColumn({ ...row, id: row["number"] ?? null }, "exits", "report", this.#validate),
    };
  }
}
