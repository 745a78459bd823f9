import type { Row, SqlDatabase, Statement } from "#host/bun/sqlite.ts";

import { jsonColumn, textColumn, type Validate } from "./json-column.ts";

export interface ExecRow<Spec, Status> {
  readonly id: string;
  readonly containerId: string;
  readonly spec: Spec;
  readonly status: Status;
}

/** Execs of containers; a container's rows go with it. Who asks for one keeps them in memory. */
export class ExecStore<Spec, Status> {
  readonly #database: SqlDatabase;
  readonly #validateSpec: Validate<Spec>;
  readonly #validateStatus: Validate<Status>;
  readonly #insert: Statement;
  readonly #all: Statement;
  readonly #setStatus: Statement;
  readonly #delete: Statement;
  #nextNumber: number;

  constructor(deps: {
    readonly database: SqlDatabase;
    readonly validateSpec: Validate<Spec>;
    readonly validateStatus: Validate<Status>;
  }) {
    this.#database = deps.database;
    this.#validateSpec = deps.validateSpec;
    this.#validateStatus = deps.validateStatus;
    this.#insert = deps.database.prepare(
      "INSERT INTO execs (id, number, container_id, spec, status) VALUES (?, ?, ?, ?, ?)",
    );
    this.#all = deps.database.prepare("SELECT * FROM execs ORDER BY number");
    this.#setStatus = deps.database.prepare("UPDATE execs SET status = ? WHERE id = ?");
    this.#delete = deps.database.prepare("DELETE FROM execs WHERE id = ?");
    const last = deps.database.prepare("SELECT max(number) AS last FROM execs").get()?.["last"] ?? 0;
    this.#nextNumber = Number(last) + 1;
  }

  /** Insert a row and delete those in whose place it comes, together. `conflict` when the container does not exist. */
  insert(row: ExecRow<Spec, Status>, instead: readonly string[] = []): void {
    const [spec, status] = [JSON.stringify(row.spec), JSON.stringify(row.status)];
    this.#database.transaction(() => {
      for (const id of instead) this.#delete.run(id);
      this.#insert.run(row.id, this.#nextNumber++, row.containerId, spec, status);
    });
  }

  /** All of them, in order of creation. */
  list(): readonly ExecRow<Spec, Status>[] {
    return this.#all.all().map((row) => this.#decode(row));
  }

  /** False when the row is gone. */
  setStatus(id: string, status: Status): boolean {
    return this.#setStatus.run(JSON.stringify(status), id) > 0;
  }

  #decode(row: Row): ExecRow<Spec, Status> {
    return {
      id: textColumn(row, "id"),
      containerId: textColumn(row, "container_id"),
      spec: jsonColumn(row, "execs", "spec", this.#validateSpec),
      status: jsonColumn(row, "execs", "status", this.#validateStatus),
    };
  }
}
