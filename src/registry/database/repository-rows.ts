import type { Row, SqlDatabase, Statement } from "#host/bun/sqlite.ts";

export interface RepositoryRow {
  readonly id: number;
  readonly name: string;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly pulls: number;
  /** One line for lists. */
  readonly description: string;
  /** Markdown. */
  readonly readme: string;
}

/** Repositories by name. One exists from its first push until it is deleted. */
export class RepositoryRows {
  readonly #find: Statement;
  readonly #insert: Statement;
  readonly #page: Statement;
  readonly #touch: Statement;
  readonly #pulled: Statement;
  readonly #describe: Statement;
  readonly #deleteEmpty: Statement;

  constructor(database: SqlDatabase) {
    this.#find = database.prepare("SELECT * FROM repositories WHERE name = ?");
    this.#insert = database.prepare("INSERT INTO repositories (name, created_at, updated_at) VALUES (?, ?, ?)");
    this.#page = database.prepare("SELECT * FROM repositories WHERE name > ? ORDER BY name LIMIT ?");
    this.#touch = database.prepare("UPDATE repositories SET updated_at = ? WHERE id = ?");
    this.#pulled = database.prepare("UPDATE repositories SET pulls = pulls + ? WHERE name = ?");
    this.#describe = database.prepare("UPDATE repositories SET description = ?, readme = ? WHERE id = ?");
    this.#deleteEmpty = database.prepare(
      `DELETE FROM repositories AS r WHERE updated_at < ?
       AND NOT EXISTS (SELECT 1 FROM manifests WHERE repository_id = r.id)
       AND NOT EXISTS (SELECT 1 FROM repository_blobs WHERE repository_id = r.id)`,
    );
  }

  find(name: string): RepositoryRow | undefined {
    const row = this.#find.get(name);
    return row === undefined ? undefined : repositoryFrom(row);
  }

  ensure(name: string, nowMs: number): RepositoryRow {
    const known = this.find(name);
    if (known !== undefined) return known;
    this.#insert.run(name, nowMs, nowMs);
    return this.find(name) as RepositoryRow;
  }

  /** Up to `limit` of them by name, behind `after`. */
  page(after: string, limit: number): readonly RepositoryRow[] {
    return this.#page.all(after, limit).map(repositoryFrom);
  }

  touch(id: number, nowMs: number): void {
    this.#touch.run(nowMs, id);
  }

  addPulls(name: string, count: number): void {
    this.#pulled.run(count, name);
  }

  describe(id: number, description: string, readme: string): void {
    this.#describe.run(description, readme, id);
  }

  /** Forget those that hold nothing, not even something deleted, and did not change since `beforeMs`. How many. */
  deleteEmpty(beforeMs: number): number {
    return this.#deleteEmpty.run(beforeMs);
  }
}

export function repositoryFrom(row: Row): RepositoryRow {
  return {
    id: Number(row["id"]),
    name: String(row["name"]),
    createdAtMs: Number(row["created_at"]),
    updatedAtMs: Number(row["updated_at"]),
    pulls: Number(row["pulls"]),
    description: String(row["description"]),
    readme: String(row["readme"]),
  };
}
