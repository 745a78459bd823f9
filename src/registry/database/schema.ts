import type { Migration } from "#state/migrations.ts";

/**
 * The registry's own history of its schema: append only. Times are milliseconds since 1970. Blobs' bytes are with the
 * storage driver; manifests, which are small and looked up the most, are rows.
 */
export const registryMigrations: readonly Migration[] = [
  {
    name: "repositories, blobs, manifests, tags",
    sql: `
      CREATE TABLE repositories (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL,
        pulls INTEGER NOT NULL DEFAULT 0,
        description TEXT NOT NULL DEFAULT '',
        readme TEXT NOT NULL DEFAULT ''
      ) STRICT;
      CREATE TABLE blobs (
        digest TEXT PRIMARY KEY,
        size_bytes INTEGER NOT NULL,
        version TEXT NOT NULL,
        stored_at INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE repository_blobs (
        repository_id INTEGER NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
        digest TEXT NOT NULL REFERENCES blobs (digest) ON DELETE CASCADE,
        touched_at INTEGER NOT NULL,
        PRIMARY KEY (repository_id, digest)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX repository_blobs_by_digest ON repository_blobs (digest);
      CREATE TABLE manifest_contents (digest TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
      CREATE TABLE manifests (
        repository_id INTEGER NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
        digest TEXT NOT NULL REFERENCES manifest_contents (digest),
        media_type TEXT NOT NULL,
        size_bytes INTEGER NOT NULL,
        artifact_type TEXT,
        subject TEXT,
        annotations TEXT CHECK (json_valid(annotations)),
        pushed_at INTEGER NOT NULL,
        pushed_by TEXT NOT NULL,
        pulled_at INTEGER,
        deleted_at INTEGER,
        PRIMARY KEY (repository_id, digest)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX manifests_by_digest ON manifests (digest);
      CREATE INDEX manifests_by_subject ON manifests (repository_id, subject, digest) WHERE subject IS NOT NULL;
      CREATE TABLE manifest_parts (
        repository_id INTEGER NOT NULL,
        manifest TEXT NOT NULL,
        digest TEXT NOT NULL,
        PRIMARY KEY (repository_id, manifest, digest),
        FOREIGN KEY (repository_id, manifest) REFERENCES manifests (repository_id, digest) ON DELETE CASCADE
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX manifest_parts_by_digest ON manifest_parts (repository_id, digest);
      CREATE TABLE tags (
        repository_id INTEGER NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
        name TEXT NOT NULL,
        digest TEXT NOT NULL,
        updated_at INTEGER NOT NULL,
        updated_by TEXT NOT NULL,
        PRIMARY KEY (repository_id, name),
        FOREIGN KEY (repository_id, digest) REFERENCES manifests (repository_id, digest)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX tags_by_digest ON tags (repository_id, digest);
      CREATE TABLE tag_history (
        id INTEGER PRIMARY KEY,
        repository_id INTEGER NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
        name TEXT NOT NULL,
        digest TEXT,
        at INTEGER NOT NULL,
        actor TEXT NOT NULL
      ) STRICT;
      CREATE INDEX tag_history_by_name ON tag_history (repository_id, name, at);`,
  },
  {
    name: "users, access tokens, grants, audit",
    sql: `
      CREATE TABLE users (
        name TEXT PRIMARY KEY,
        password TEXT NOT NULL,
        is_admin INTEGER NOT NULL,
        created_at INTEGER NOT NULL
      ) STRICT;
      CREATE TABLE access_tokens (
        id TEXT PRIMARY KEY,
        user TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
        label TEXT NOT NULL,
        hash TEXT NOT NULL UNIQUE,
        actions TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        expires_at INTEGER,
        used_at INTEGER
      ) STRICT;
      CREATE TABLE grants (
        who TEXT NOT NULL,
        pattern TEXT NOT NULL,
        actions TEXT NOT NULL,
        PRIMARY KEY (who, pattern)
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE secrets (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
      CREATE TABLE audit (
        id INTEGER PRIMARY KEY,
        at INTEGER NOT NULL,
        actor TEXT NOT NULL,
        address TEXT NOT NULL,
        action TEXT NOT NULL,
        target TEXT NOT NULL
      ) STRICT;`,
  },
  {
    name: "policies",
    sql: `
      CREATE TABLE policies (
        pattern TEXT PRIMARY KEY,
        rules TEXT NOT NULL CHECK (json_valid(rules))
      ) STRICT;`,
  },
  {
    name: "events for webhooks",
    sql: `
      CREATE TABLE webhook_events (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        url TEXT NOT NULL,
        event TEXT NOT NULL,
        at INTEGER NOT NULL,
        tries INTEGER NOT NULL DEFAULT 0,
        problem TEXT NOT NULL DEFAULT '',
        is_dead INTEGER NOT NULL DEFAULT 0
      ) STRICT;
      CREATE INDEX webhook_events_waiting ON webhook_events (url, is_dead, id);`,
  },
];
