import type { Row, SqlDatabase, Statement } from "#host/bun/sqlite.ts";

export interface TagRow {
  readonly name: string;
  readonly digest: string;
  readonly updatedAtMs: number;
  readonly updatedBy: string;
}

/** One change of a tag; `digest` is undefined where it was removed. */
export interface TagChange {
  readonly digest: string | undefined;
  readonly atMs: number;
  readonly actor: string;
}

/** Tags and all that they ever pointed to. */
export class TagRows {
  readonly #find: Statement;
  readonly #page: Statement;
  readonly #put: Statement;
  readonly #delete: Statement;
  readonly #remember: Statement;
  readonly #history: Statement;
  readonly #of: Statement;

  constructor(database: SqlDatabase) {
    this.#find = database.prepare("SELECT * FROM tags WHERE repository_id = ? AND name = ?");
    this.#page = database.prepare("SELECT * FROM tags WHERE repository_id = ? AND name > ? ORDER BY name LIMIT ?");
    this.#put = database.prepare(
      `INSERT INTO tags (repository_id, name, digest, updated_at, updated_by) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (repository_id, name) DO UPDATE SET digest = excluded.digest, updated_at = excluded.updated_at,
         updated_by = excluded.updated_by`,
    );
    this.#delete = database.prepare("DELETE FROM tags WHERE repository_id = ? AND name = ?");
    this.#remember = database.prepare(
      "INSERT INTO tag_history (repository_id, name, digest, at, actor) VALUES (?, ?, ?, ?, ?)",
    );
    this.#history = database.prepare(
      "SELECT digest, at, actor FROM tag_history WHERE repository_id = ? AND name = ? ORDER BY id DESC LIMIT ?",
    );
    this.#of = database.prepare("SELECT * FROM tags WHERE repository_id = ? AND digest = ? ORDER BY name");
  }

  find(repositoryId: number, name: string): TagRow | undefined {
    const row = this.#find.get(repositoryId, name);
    return row === undefined ? undefined : fromRow(row);
  }

  /** In the order of their bytes (distribution-spec "Listing Tags"), behind `after`. */
  page(repositoryId: number, after: string, limit: number): readonly TagRow[] {
    return this.#page.all(repositoryId, after, limit).map(fromRow);
  }

  /** Point it somewhere. Only a change is remembered. */
  put(repositoryId: number, tag: TagRow): void {
    const before = this.find(repositoryId, tag.name);
    this.#put.run(repositoryId, tag.name, tag.digest, tag.updatedAtMs, tag.updatedBy);
    if (before?.digest !== tag.digest)
      this.#remember.run(repositoryId, tag.name, tag.digest, tag.updatedAtMs, tag.updatedBy);
  }

  delete(repositoryId: number, name: string, change: { readonly atMs: number; readonly actor: string }): void {
    if (this.#delete.run(repositoryId, name) > 0)
      this.#remember.run(repositoryId, name, null, change.atMs, change.actor);
  }

  /** Newest first. */
  history(repositoryId: number, name: string, limit: number): readonly TagChange[] {
    return this.#history.all(repositoryId, name, limit).map((row) => ({
      digest: row["digest"] === null ? undefined : String(row["digest"]),
      atMs: Number(row["at"]),
      actor: String(row["actor"]),
    }));
  }

  /** The tags that point to a manifest. */
  of(repositoryId: number, digest: string): readonly TagRow[] {
    return this.#of.all(repositoryId, digest).map(fromRow);
  }
}

function fromRow(row: Row): TagRow {
  return {
    name: String(row["name"]),
    digest: String(row["digest"]),
    updatedAtMs: Number(row["updated_at"]),
    updatedBy: String(row["updated_by"]),
  };
}
