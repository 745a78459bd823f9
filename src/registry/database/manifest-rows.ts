import type { Row, SqlDatabase, Statement } from "#host/bun/sqlite.ts";

/** A manifest in a repository. Its bytes are kept apart: several repositories may have the same. */
export interface ManifestRow {
  readonly digest: string;
  readonly mediaType: string;
  readonly sizeBytes: number;
  readonly artifactType: string | undefined;
  readonly subject: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
  readonly pushedAtMs: number;
  readonly pushedBy: string;
  readonly deletedAtMs: number | undefined;
}

export class ManifestRows {
  readonly #find: Statement;
  readonly #byTag: Statement;
  readonly #bytes: Statement;
  readonly #insertBytes: Statement;
  readonly #insert: Statement;
  readonly #insertPart: Statement;
  readonly #deleteParts: Statement;
  readonly #parts: Statement;
  readonly #setDeleted: Statement;
  readonly #referrers: Statement;
  readonly #purge: Statement;
  readonly #purgeContents: Statement;
  readonly #all: Statement;

  constructor(database: SqlDatabase) {
    this.#find = database.prepare("SELECT * FROM manifests WHERE repository_id = ? AND digest = ?");
    this.#byTag = database.prepare(
      `SELECT m.* FROM tags t JOIN manifests m ON m.repository_id = t.repository_id AND m.digest = t.digest
       WHERE t.repository_id = ? AND t.name = ? AND m.deleted_at IS NULL`,
    );
    this.#bytes = database.prepare("SELECT bytes FROM manifest_contents WHERE digest = ?");
    this.#insertBytes = database.prepare("INSERT OR IGNORE INTO manifest_contents (digest, bytes) VALUES (?, ?)");
    this.#insert = database.prepare(
      `INSERT INTO manifests (repository_id, digest, media_type, size_bytes, artifact_type, subject, annotations,
         pushed_at, pushed_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (repository_id, digest) DO UPDATE SET media_type = excluded.media_type,
         pushed_at = excluded.pushed_at, pushed_by = excluded.pushed_by, deleted_at = NULL`,
    );
    this.#insertPart = database.prepare(
      "INSERT OR IGNORE INTO manifest_parts (repository_id, manifest, digest) VALUES (?, ?, ?)",
    );
    this.#deleteParts = database.prepare("DELETE FROM manifest_parts WHERE repository_id = ? AND manifest = ?");
    this.#parts = database.prepare("SELECT digest FROM manifest_parts WHERE repository_id = ? AND manifest = ?");
    this.#setDeleted = database.prepare("UPDATE manifests SET deleted_at = ? WHERE repository_id = ? AND digest = ?");
    this.#referrers = database.prepare(
      `SELECT * FROM manifests WHERE repository_id = ?1 AND subject = ?2 AND digest > ?3 AND deleted_at IS NULL
         AND (?4 = '' OR artifact_type = ?4) ORDER BY digest LIMIT ?5`,
    );
    this.#purge = database.prepare("DELETE FROM manifests WHERE deleted_at < ?");
    this.#purgeContents = database.prepare(
      "DELETE FROM manifest_contents WHERE NOT EXISTS (SELECT 1 FROM manifests m WHERE m.digest = manifest_contents.digest)",
    );
    this.#all = database.prepare(
      "SELECT * FROM manifests WHERE repository_id = ? AND deleted_at IS NULL ORDER BY pushed_at DESC, digest",
    );
  }

  /** One that is there; with `deleted` also one that can still be brought back. */
  find(repositoryId: number, digest: string, options: { readonly deleted?: boolean } = {}): ManifestRow | undefined {
    const row = this.#find.get(repositoryId, digest);
    if (row === undefined || (row["deleted_at"] !== null && options.deleted !== true)) return undefined;
    return fromRow(row);
  }

  byTag(repositoryId: number, tag: string): ManifestRow | undefined {
    const row = this.#byTag.get(repositoryId, tag);
    return row === undefined ? undefined : fromRow(row);
  }

  bytes(digest: string): Uint8Array | undefined {
    return this.#bytes.get(digest)?.["bytes"] as Uint8Array | undefined;
  }

  /** Add it with the digests it is made of; one that was deleted is there again. */
  put(
    repositoryId: number,
    manifest: Omit<ManifestRow, "deletedAtMs">,
    bytes: Uint8Array,
    parts: readonly string[],
  ): void {
    this.#insertBytes.run(manifest.digest, bytes);
    this.#insert.run(
      repositoryId,
      manifest.digest,
      manifest.mediaType,
      manifest.sizeBytes,
      manifest.artifactType ?? null,
      manifest.subject ?? null,
      manifest.annotations === undefined ? null : JSON.stringify(manifest.annotations),
      manifest.pushedAtMs,
      manifest.pushedBy,
    );
    this.#deleteParts.run(repositoryId, manifest.digest);
    for (const part of parts) this.#insertPart.run(repositoryId, manifest.digest, part);
  }

  parts(repositoryId: number, digest: string): readonly string[] {
    return this.#parts.all(repositoryId, digest).map((row) => String(row["digest"]));
  }

  /** Deleted since `atMs`; `undefined` brings it back. */
  setDeleted(repositoryId: number, digest: string, atMs: number | undefined): void {
    this.#setDeleted.run(atMs ?? null, repositoryId, digest);
  }

  /** Manifests about `subject`, by digest behind `after`; of one artifact type unless that is "". */
  referrers(
    repositoryId: number,
    subject: string,
    options: { readonly after: string; readonly artifactType: string; readonly limit: number },
  ): readonly ManifestRow[] {
    return this.#referrers.all(repositoryId, subject, options.after, options.artifactType, options.limit).map(fromRow);
  }

  /** Forget what was deleted before `beforeMs`. How many there were. */
  purge(beforeMs: number): number {
    const count = this.#purge.run(beforeMs);
    this.#purgeContents.run();
    return count;
  }

  /** Newest first. */
  list(repositoryId: number): readonly ManifestRow[] {
    return this.#all.all(repositoryId).map(fromRow);
  }
}

function fromRow(row: Row): ManifestRow {
  const text = (name: string): string | undefined => (row[name] === null ? undefined : String(row[name]));
  const annotations = text("annotations");
  return {
    digest: String(row["digest"]),
    mediaType: String(row["media_type"]),
    sizeBytes: Number(row["size_bytes"]),
    artifactType: text("artifact_type"),
    subject: text("subject"),
    annotations: annotations === undefined ? undefined : (JSON.parse(annotations) as Readonly<Record<string, string>>),
    pushedAtMs: Number(row["pushed_at"]),
    pushedBy: String(row["pushed_by"]),
    deletedAtMs: row["deleted_at"] === null ? undefined : Number(row["deleted_at"]),
  };
}
