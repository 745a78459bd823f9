import { BerthError, isBerthError } from "#base/errors.ts";
import type { Row, SqlDatabase, Statement } from "#host/bun/sqlite.ts";

import { jsonColumn, textColumn, type Validate } from "./json-column.ts";

export interface ContainerRow<Spec, Status> {
  readonly id: string;
  /** Without the leading slash of Docker's API. */
  readonly name: string;
  readonly imageId: string;
  /** RFC 3339 with nanoseconds. */
  readonly createdAt: string;
  /** Immutable, but for what `docker update` and `rename` change. */
  readonly spec: Spec;
  readonly status: Status;
}

/**
 * The containers there are. The engine owns what `Spec` and `Status` mean; rows that fail validation are `data-loss`. The
 * status stands in a table of its own: it changes several times in every life, and the spec beside it fills pages.
 */
export class ContainerStore<Spec, Status> {
  readonly #database: SqlDatabase;
  readonly #validateSpec: Validate<Spec>;
  readonly #printSpec: (spec: Spec) => unknown;
  readonly #validateStatus: Validate<Status>;
  readonly #insert: Statement;
  readonly #insertStatus: Statement;
  readonly #setStatus: Statement;
  readonly #all: Statement;
  readonly #delete: Statement;

  constructor(deps: {
    readonly database: SqlDatabase;
    readonly validateSpec: Validate<Spec>;
    /** What stands in the row, as JSON; `validateSpec` reads it. The specification itself when not given. */
    readonly printSpec?: (spec: Spec) => unknown;
    readonly validateStatus: Validate<Status>;
  }) {
    const { database } = deps;
    this.#database = database;
    this.#validateSpec = deps.validateSpec;
    this.#printSpec = deps.printSpec ?? ((spec) => spec);
    this.#validateStatus = deps.validateStatus;
    this.#insert = database.prepare(
      "INSERT INTO containers (id, name, image_id, created_at, spec) VALUES (?, ?, ?, ?, ?)",
    );
    this.#insertStatus = database.prepare("INSERT INTO container_statuses (container_id, status) VALUES (?, ?)");
    this.#setStatus = database.prepare("UPDATE container_statuses SET status = ? WHERE container_id = ?");
    this.#all = database.prepare(
      `SELECT containers.*, status FROM containers JOIN container_statuses ON container_id = containers.id
       ORDER BY containers.rowid DESC`,
    );
    this.#delete = database.prepare("DELETE FROM containers WHERE id = ?");
  }

  /** `already-exists` with details.name when another container has the name (or id). */
  insert(row: ContainerRow<Spec, Status>): void {
    const [spec, status] = [JSON.stringify(this.#printSpec(row.spec)), JSON.stringify(row.status)];
    this.#claimingName(row.name, () =>
      this.#database.transaction(() => {
        this.#insert.run(row.id, row.name, row.imageId, row.createdAt, spec);
        this.#insertStatus.run(row.id, status);
      }),
    );
  }

  /** Newest first, by insertion. */
  list(): readonly ContainerRow<Spec, Status>[] {
    return this.#all.all().map((row) => this.#decode(row));
  }

  /** Write the columns given; `not-found` when the row is gone, `already-exists` when the new name is taken. */
  update(id: string, change: { readonly name?: string; readonly spec?: Spec; readonly status?: Status }): void {
    const columns: [string, string | undefined][] = [
      ["name", change.name],
      ["spec", change.spec === undefined ? undefined : JSON.stringify(this.#printSpec(change.spec))],
    ];
    const given = columns.flatMap(([column, value]) => (value === undefined ? [] : [[column, value] as const]));
    if (given.length === 0) return this.#updateStatus(id, change.status);
    const assignments = given.map(([column]) => `${column} = ?`).join(", ");
    const update = this.#database.prepare(`UPDATE containers SET ${assignments} WHERE id = ?`);
    this.#claimingName(change.name ?? "", () =>
      this.#database.transaction(() => {
        mustBeThere(id, update.run(...given.map(([, value]) => value), id));
        this.#updateStatus(id, change.status);
      }),
    );
  }

  #updateStatus(id: string, status: Status | undefined): void {
    if (status !== undefined) mustBeThere(id, this.#setStatus.run(JSON.stringify(status), id));
  }

  /** Delete the row, its status and its execs. True when it was there. */
  delete(id: string): boolean {
    return this.#delete.run(id) > 0;
  }

  #claimingName(name: string, write: () => void): void {
    try {
      write();
    } catch (error) {
      if (!isBerthError(error, "conflict")) throw error;
      throw new BerthError("already-exists", `the container name "${name}" is in use`, {
        cause: error,
        details: { name },
      });
    }
  }

  #decode(row: Row): ContainerRow<Spec, Status> {
    return {
      id: textColumn(row, "id"),
      name: textColumn(row, "name"),
      imageId: textColumn(row, "image_id"),
      createdAt: textColumn(row, "created_at"),
      spec: jsonColumn(row, "containers", "spec", this.#validateSpec),
      status: jsonColumn(row, "container_statuses", "status", this.#validateStatus),
    };
  }
}

function mustBeThere(id: string, changed: number): void {
  if (changed === 0) throw new BerthError("not-found", `No such container: ${id}`);
}
