import type { Row, SqlDatabase, Statement } from "#host/sqlite.ts";

import { jsonColumn, textColumn, type Validate } from "./json-column.ts";

export interface ExecRow<Spec, Status> {
  readonly id: string;
  readonly containerId: string;
  readonly spec: Spec;
  readonly status: Status;
}

/** Execs of containers; a container's rows go with it. */
export class ExecStore<Spec, Status> {
  readonly #validateSpec: Validate<Spec>;
  readonly #validateStatus: Validate<Status>;
  readonly #insert: Statement;
  readonly #get: Statement;
  readonly #ofContainer: Statement;
  readonly #setStatus: Statement;
  readonly #delete: Statement;

  constructor(deps: {
    readonly database: SqlDatabase;
    readonly validateSpec: Validate<Spec>;
    readonly validateStatus: Validate<Status>;
  }) {
    this.#validateSpec = deps.validateSpec;
    this.#validateStatus = deps.validateStatus;
    this.#insert = deps.database.prepare("INSERT INTO execs (id, container_id, spec, status) VALUES (?, ?, ?, ?)");
    this.#get = deps.database.prepare("SELECT * FROM execs WHERE id = ?");
    this.#ofContainer = deps.database.prepare("SELECT * FROM execs WHERE container_id = ? ORDER BY rowid");
    this.#setStatus = deps.database.prepare("UPDATE execs SET status = ? WHERE id = ?");
    this.#delete = deps.database.prepare("DELETE FROM execs WHERE id = ?");
  }

  /** `conflict` when the container does not exist. */
  insert(row: ExecRow<Spec, Status>): void {
    this.#insert.run(row.id, row.containerId, JSON.stringify(row.spec), JSON.stringify(row.status));
  }

  get(id: string): ExecRow<Spec, Status> | undefined {
    const row = this.#get.get(id);
    return row === undefined ? undefined : this.#decode(row);
  }

  /** In order of creation. */
  ofContainer(containerId: string): readonly ExecRow<Spec, Status>[] {
    return this.#ofContainer.all(containerId).map((row) => this.#decode(row));
  }

  /** False when the row is gone. */
  setStatus(id: string, status: Status): boolean {
    return this.#setStatus.run(JSON.stringify(status), id) > 0;
  }

  delete(id: string): boolean {
    return this.#delete.run(id) > 0;
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
