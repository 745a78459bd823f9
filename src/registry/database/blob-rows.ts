import type { Row, SqlDatabase, Statement } from "#host/bun/sqlite.ts";

export interface BlobRow {
  readonly digest: string;
  readonly sizeBytes: number;
  /** The stored bytes' version when they were last known to be right. */
  readonly version: string;
}

/** Which blobs there are, and which repositories may serve them. */
export class BlobRows {
  readonly #find: Statement;
  readonly #linked: Statement;
  readonly #insert: Statement;
  readonly #link: Statement;
  readonly #unlink: Statement;
  readonly #anyLink: Statement;
  readonly #version: Statement;
  readonly #delete: Statement;
  readonly #all: Statement;
  readonly #idleLinks: Statement;
  readonly #unlinked: Statement;
  readonly #isPart: Statement;
  readonly #sizeOf: Statement;

  constructor(database: SqlDatabase) {
    this.#find = database.prepare("SELECT digest, size_bytes, version FROM blobs WHERE digest = ?");
    this.#linked = database.prepare(
      `SELECT b.digest, b.size_bytes, b.version, l.touched_at FROM repository_blobs l JOIN blobs b USING (digest)
       WHERE l.repository_id = ? AND l.digest = ?`,
    );
    this.#insert = database.prepare(
      `INSERT INTO blobs (digest, size_bytes, version, stored_at) VALUES (?, ?, ?, ?)
       ON CONFLICT (digest) DO UPDATE SET version = excluded.version, stored_at = excluded.stored_at`,
    );
    this.#link = database.prepare(
      `INSERT INTO repository_blobs (repository_id, digest, touched_at) VALUES (?, ?, ?)
       ON CONFLICT (repository_id, digest) DO UPDATE SET touched_at = excluded.touched_at`,
    );
    this.#unlink = database.prepare("DELETE FROM repository_blobs WHERE repository_id = ? AND digest = ?");
    this.#anyLink = database.prepare(
      `SELECT r.name FROM repository_blobs l JOIN repositories r ON r.id = l.repository_id WHERE l.digest = ? LIMIT 200`,
    );
    this.#version = database.prepare("UPDATE blobs SET version = ? WHERE digest = ?");
    this.#delete = database.prepare("DELETE FROM blobs WHERE digest = ?");
    this.#all = database.prepare(
      "SELECT digest, size_bytes, version FROM blobs WHERE digest > ? ORDER BY digest LIMIT ?",
    );
    this.#idleLinks = database.prepare(
      `SELECT repository_id, digest FROM repository_blobs l WHERE touched_at < ? AND NOT EXISTS
       (SELECT 1 FROM manifest_parts p WHERE p.repository_id = l.repository_id AND p.digest = l.digest)`,
    );
    this.#unlinked = database.prepare(
      `SELECT digest, size_bytes, version FROM blobs b WHERE NOT EXISTS
       (SELECT 1 FROM repository_blobs l WHERE l.digest = b.digest)`,
    );
    this.#isPart = database.prepare(
      `SELECT 1 FROM manifest_parts p JOIN manifests m ON m.repository_id = p.repository_id AND m.digest = p.manifest
       WHERE p.repository_id = ? AND p.digest = ? AND m.deleted_at IS NULL LIMIT 1`,
    );
    this.#sizeOf = database.prepare(
      `SELECT COALESCE(SUM(size_bytes), 0) AS bytes FROM blobs WHERE digest IN
       (SELECT digest FROM repository_blobs WHERE repository_id IN (SELECT value FROM json_each(?)))`,
    );
  }

  find(digest: string): BlobRow | undefined {
    const row = this.#find.get(digest);
    return row === undefined ? undefined : fromRow(row);
  }

  /** A blob that a repository has. */
  linked(repositoryId: number, digest: string): (BlobRow & { readonly touchedAtMs: number }) | undefined {
    const row = this.#linked.get(repositoryId, digest);
    return row === undefined ? undefined : { ...fromRow(row), touchedAtMs: Number(row["touched_at"]) };
  }

  add(blob: BlobRow, nowMs: number): void {
    this.#insert.run(blob.digest, blob.sizeBytes, blob.version, nowMs);
  }

  /** The repository has the blob from now on; said again, it counts as used now. */
  link(repositoryId: number, digest: string, nowMs: number): void {
    this.#link.run(repositoryId, digest, nowMs);
  }

  /** False when it did not have it. */
  unlink(repositoryId: number, digest: string): boolean {
    return this.#unlink.run(repositoryId, digest) > 0;
  }

  /** Names of some repositories that have it. */
  repositoriesWith(digest: string): readonly string[] {
    return this.#anyLink.all(digest).map((row) => String(row["name"]));
  }

  setVersion(digest: string, version: string): void {
    this.#version.run(version, digest);
  }

  /** Also out of every repository. */
  delete(digest: string): void {
    this.#delete.run(digest);
  }

  page(after: string, limit: number): readonly BlobRow[] {
    return this.#all.all(after, limit).map(fromRow);
  }

  /** Links that no manifest needs and nobody used since `beforeMs`. */
  idleLinks(beforeMs: number): readonly { readonly repositoryId: number; readonly digest: string }[] {
    return this.#idleLinks
      .all(beforeMs)
      .map((row) => ({ repositoryId: Number(row["repository_id"]), digest: String(row["digest"]) }));
  }

  /** Blobs that no repository has. */
  unlinked(): readonly BlobRow[] {
    return this.#unlinked.all().map(fromRow);
  }

  /** Does a manifest of the repository, one that is not deleted, need it? */
  isPart(repositoryId: number, digest: string): boolean {
    return this.#isPart.get(repositoryId, digest) !== undefined;
  }

  /** Bytes of all blobs that these repositories have, each counted once. */
  bytesOf(repositoryIds: readonly number[]): number {
    return Number(this.#sizeOf.get(JSON.stringify(repositoryIds))?.["bytes"] ?? 0);
  }
}

function fromRow(row: Row): BlobRow {
  return {
    digest: String(row["digest"]),
    sizeBytes: Number(row["size_bytes"]),
    version: String(row["version"]),
  };
}
