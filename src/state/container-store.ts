import { BerthError, isBerthError } from "#base/errors.ts";
import type { Row, SqlDatabase, Statement } from "#host/sqlite.ts";

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

/** The containers there are. The engine owns what `Spec` and `Status` mean; rows that fail validation are `data-loss`. */
export class ContainerStore<Spec, Status> {
  readonly #database: SqlDatabase;
  readonly #validateSpec: Validate<Spec>;
  readonly #validateStatus: Validate<Status>;
  readonly #insert: Statement;
  readonly #byId: Statement;
  readonly #byName: Statement;
  readonly #byPrefix: Statement;
  readonly #all: Statement;

  constructor(deps: {
    readonly database: SqlDatabase;
    readonly validateSpec: Validate<Spec>;
    readonly validateStatus: Validate<Status>;
  }) {
    this.#database = deps.database;
    this.#validateSpec = deps.validateSpec;
    this.#validateStatus = deps.validateStatus;
    this.#insert = deps.database.prepare(
      "INSERT INTO containers (id, name, image_id, created_at, spec, status) VALUES (?, ?, ?, ?, ?, ?)",
    );
    this.#byId = deps.database.prepare("SELECT * FROM containers WHERE id = ?");
    this.#byName = deps.database.prepare("SELECT * FROM containers WHERE name = ?");
    this.#byPrefix = deps.database.prepare("SELECT * FROM containers WHERE id >= ? AND id < ? LIMIT 2");
    this.#all = deps.database.prepare("SELECT * FROM containers ORDER BY rowid DESC");
  }

  /** `already-exists` with details.name when another container has the name (or id). */
  insert(row: ContainerRow<Spec, Status>): void {
    this.#claimingName(row.name, () =>
      this.#insert.run(
        row.id,
        row.name,
        row.imageId,
        row.createdAt,
        JSON.stringify(row.spec),
        JSON.stringify(row.status),
      ),
    );
  }

  get(id: string): ContainerRow<Spec, Status> | undefined {
    return this.#decode(this.#byId.get(id));
  }

  byName(name: string): ContainerRow<Spec, Status> | undefined {
    return this.#decode(this.#byName.get(name));
  }

  /** Up to two rows whose id starts with `prefix`: none, the one, or proof that it is ambiguous. */
  byIdPrefix(prefix: string): readonly ContainerRow<Spec, Status>[] {
    return this.#byPrefix
      .all(prefix, `${prefix}\u{10ffff}`)
      .map((row) => this.#decode(row) as ContainerRow<Spec, Status>);
  }

  /** Newest first, by insertion. */
  list(): readonly ContainerRow<Spec, Status>[] {
    return this.#all.all().map((row) => this.#decode(row) as ContainerRow<Spec, Status>);
  }

  /** Write the columns given; `not-found` when the row is gone, `already-exists` when the new name is taken. */
  update(id: string, change: { readonly name?: string; readonly spec?: Spec; readonly status?: Status }): void {
    const columns: [string, string | undefined][] = [
      ["name", change.name],
      ["spec", change.spec === undefined ? undefined : JSON.stringify(change.spec)],
      ["status", change.status === undefined ? undefined : JSON.stringify(change.status)],
    ];
    const given = columns.flatMap(([column, value]) => (value === undefined ? [] : [[column, value] as const]));
    if (given.length === 0) return;
    const assignments = given.map(([column]) => `${column} = ?`).join(", ");
    const update = this.#database.prepare(`UPDATE containers SET ${assignments} WHERE id = ?`);
    this.#claimingName(change.name ?? "", () => {
      const changed = update.run(...given.map(([, value]) => value), id);
      if (changed === 0) throw new BerthError("not-found", `No such container: ${id}`);
    });
  }

  /** Delete the row and its execs. True when it was there. */
  delete(id: string): boolean {
    return this.#database.prepare("DELETE FROM containers WHERE id = ?").run(id) > 0;
  }

  /** Container ids that use an image. */
  usersOf(imageId: string): readonly string[] {
    return this.#database
      .prepare("SELECT id FROM containers WHERE image_id = ? ORDER BY rowid")
      .all(imageId)
      .map((row) => textColumn(row, "id"));
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

  #decode(row: Row | undefined): ContainerRow<Spec, Status> | undefined {
    if (row === undefined) return undefined;
    return {
      id: textColumn(row, "id"),
      name: textColumn(row, "name"),
      imageId: textColumn(row, "image_id"),
      createdAt: textColumn(row, "created_at"),
      spec: jsonColumn(row, "containers", "spec", this.#validateSpec),
      status: jsonColumn(row, "containers", "status", this.#validateStatus),
    };
  }
}
