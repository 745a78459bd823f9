import type { SqlDatabase } from "#host/bun/sqlite.ts";

import { jsonColumn, type Validate } from "./json-column.ts";

const keptForOne = 5;
const keptInAll = 500;

/** Pulls that failed, by canonical reference: up to 5 of each since it was pulled last, 500 in all. */
export class PullFailureStore<Report> {
  readonly #database: SqlDatabase;
  readonly #validate: Validate<Report>;

  constructor(deps: { readonly database: SqlDatabase; readonly validate: Validate<Report> }) {
    this.#database = deps.database;
    this.#validate = deps.validate;
  }

  insert(reference: string, report: Report): void {
    this.#database.transaction(() => {
      this.#database
        .prepare("INSERT INTO pull_failures (reference, report) VALUES (?, ?)")
        .run(reference, JSON.stringify(report));
      this.#database
        .prepare(
          `DELETE FROM pull_failures WHERE reference = ?1 AND number <=
           (SELECT number FROM pull_failures WHERE reference = ?1 ORDER BY number DESC LIMIT 1 OFFSET ${keptForOne})`,
        )
        .run(reference);
      this.#database
        .prepare(
          `DELETE FROM pull_failures WHERE number <=
           (SELECT number FROM pull_failures ORDER BY number DESC LIMIT 1 OFFSET ${keptInAll})`,
        )
        .run();
    });
  }

  /** Newest first. */
  of(reference: string): readonly Report[] {
    return this.#database
      .prepare("SELECT * FROM pull_failures WHERE reference = ? ORDER BY number DESC")
      .all(reference)
      .map((row) => jsonColumn({ ...row, id: row["number"] ?? null }, "pull_failures", "report", this.#validate));
  }

  /** It was pulled: what failed before is past. */
  forget(reference: string): void {
    this.#database.prepare("DELETE FROM pull_failures WHERE reference = ?").run(reference);
  }
}
