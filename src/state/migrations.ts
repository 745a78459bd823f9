export interface Migration {
  /** What it brings, for people. */
  readonly name: string;
  readonly sql: string;
}

/**
 * The schema's history: append only. An entry that has been released is never edited; the number of entries is the
 * database's `user_version`. Each area keeps its tables in its own entries, STRICT, JSON columns checked by json_valid.
 */
export const migrations: readonly Migration[] = [
  {
    name: "containers and execs",
    sql: `
      CREATE TABLE containers (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        image_id TEXT NOT NULL,
        created_at TEXT NOT NULL,
        spec TEXT NOT NULL CHECK (json_valid(spec)),
        status TEXT NOT NULL CHECK (json_valid(status))
      ) STRICT;
      CREATE INDEX containers_by_image ON containers (image_id);
      CREATE TABLE execs (
        id TEXT PRIMARY KEY,
        container_id TEXT NOT NULL REFERENCES containers (id) ON DELETE CASCADE,
        spec TEXT NOT NULL CHECK (json_valid(spec)),
        status TEXT NOT NULL CHECK (json_valid(status))
      ) STRICT;
      CREATE INDEX execs_by_container ON execs (container_id);`,
  },
  {
    name: "networks and endpoints",
    sql: `
      CREATE TABLE networks (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        created_at TEXT NOT NULL,
        spec TEXT NOT NULL CHECK (json_valid(spec)),
        last_address TEXT NOT NULL DEFAULT ''
      ) STRICT;
      CREATE TABLE endpoints (
        id TEXT PRIMARY KEY,
        network_id TEXT NOT NULL REFERENCES networks (id) ON DELETE CASCADE,
        container_id TEXT NOT NULL,
        ipv4 TEXT NOT NULL,
        spec TEXT NOT NULL CHECK (json_valid(spec)),
        UNIQUE (container_id, network_id)
      ) STRICT;
      CREATE UNIQUE INDEX endpoints_by_address ON endpoints (network_id, ipv4) WHERE ipv4 != '';`,
  },
  {
    name: "layers, images and snapshots",
    sql: `
      CREATE TABLE layers (
        number INTEGER PRIMARY KEY,
        diff_id TEXT NOT NULL UNIQUE,
        size_bytes INTEGER NOT NULL,
        boot_id TEXT
      ) STRICT;
      CREATE TABLE images (
        id TEXT PRIMARY KEY,
        manifest TEXT NOT NULL CHECK (json_valid(manifest)),
        config BLOB NOT NULL,
        last_tagged_at TEXT,
        boot_id TEXT
      ) STRICT;
      CREATE TABLE image_layers (
        image_id TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        diff_id TEXT NOT NULL REFERENCES layers (diff_id),
        PRIMARY KEY (image_id, position)
      ) STRICT;
      CREATE INDEX image_layers_by_layer ON image_layers (diff_id);
      CREATE TABLE image_blobs (
        image_id TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
        digest TEXT NOT NULL,
        PRIMARY KEY (image_id, digest)
      ) STRICT;
      CREATE INDEX image_blobs_by_digest ON image_blobs (digest);
      CREATE TABLE image_references (
        name TEXT NOT NULL,
        suffix TEXT NOT NULL,
        image_id TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
        PRIMARY KEY (name, suffix)
      ) STRICT;
      CREATE INDEX image_references_by_image ON image_references (image_id);
      CREATE TABLE snapshots (
        key TEXT PRIMARY KEY
      ) STRICT;
      CREATE TABLE snapshot_layers (
        key TEXT NOT NULL REFERENCES snapshots (key) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        diff_id TEXT NOT NULL REFERENCES layers (diff_id),
        PRIMARY KEY (key, position)
      ) STRICT;
      CREATE INDEX snapshot_layers_by_layer ON snapshot_layers (diff_id);`,
  },
  {
    name: "ends of containers, which outlive them",
    sql: `
      CREATE TABLE exits (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        container_id TEXT NOT NULL,
        container_name TEXT NOT NULL,
        finished_ms INTEGER NOT NULL,
        report TEXT NOT NULL CHECK (json_valid(report))
      ) STRICT;
      CREATE INDEX exits_by_container ON exits (container_id, number);
      CREATE INDEX exits_by_name ON exits (container_name, number);`,
  },
  {
    name: "which blobs unpack to which layer",
    sql: `
      CREATE TABLE layer_blobs (
        diff_id TEXT NOT NULL REFERENCES layers (diff_id) ON DELETE CASCADE,
        digest TEXT NOT NULL,
        PRIMARY KEY (diff_id, digest)
      ) STRICT;`,
  },
  {
    name: "the cache of builds",
    sql: `
      CREATE TABLE build_records (
        id TEXT PRIMARY KEY,
        kind TEXT NOT NULL,
        layer INTEGER REFERENCES layers (number),
        output_key TEXT NOT NULL,
        description TEXT NOT NULL,
        parents TEXT NOT NULL CHECK (json_valid(parents)),
        size_bytes INTEGER NOT NULL,
        created_at TEXT NOT NULL,
        last_used_ms INTEGER NOT NULL,
        uses INTEGER NOT NULL
      ) STRICT;
      CREATE INDEX build_records_by_layer ON build_records (layer);
      CREATE TABLE build_keys (
        key TEXT PRIMARY KEY,
        record_id TEXT NOT NULL REFERENCES build_records (id) ON DELETE CASCADE
      ) STRICT;
      CREATE INDEX build_keys_by_record ON build_keys (record_id);`,
  },
  {
    name: "which image an image was made of",
    sql: `
      ALTER TABLE images ADD COLUMN parent_id TEXT REFERENCES images (id) ON DELETE SET NULL;
      CREATE INDEX images_by_parent ON images (parent_id);`,
  },
  {
    name: "images of several platforms",
    sql: `
      ALTER TABLE image_references ADD COLUMN index_digest TEXT;
      CREATE TABLE image_variants (
        index_digest TEXT NOT NULL,
        image_id TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
        PRIMARY KEY (index_digest, image_id)
      ) STRICT;
      CREATE INDEX image_variants_by_image ON image_variants (image_id);`,
  },
  {
    name: "locked images, and when an image was used last",
    sql: `
      ALTER TABLE images ADD COLUMN locked INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE images ADD COLUMN last_used_at TEXT;`,
  },
  {
    name: "pulls that failed",
    sql: `
      CREATE TABLE pull_failures (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        reference TEXT NOT NULL,
        report TEXT NOT NULL CHECK (json_valid(report))
      ) STRICT;
      CREATE INDEX pull_failures_by_reference ON pull_failures (reference, number);`,
  },
  {
    name: "builds that were",
    sql: `
      CREATE TABLE build_history (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        entry TEXT NOT NULL CHECK (json_valid(entry))
      ) STRICT;`,
  },
  {
    name: "starts by schedule",
    sql: `
      CREATE TABLE schedule_runs (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        container_id TEXT NOT NULL,
        container_name TEXT NOT NULL,
        due_ms INTEGER NOT NULL,
        started_ms INTEGER,
        ended_ms INTEGER,
        exit_code INTEGER,
        outcome TEXT NOT NULL,
        message TEXT NOT NULL
      ) STRICT;
      CREATE INDEX schedule_runs_by_name ON schedule_runs (container_name);`,
  },
  {
    name: "fewer pages for what every run writes",
    sql: `
      CREATE TABLE container_statuses (
        container_id TEXT PRIMARY KEY REFERENCES containers (id) ON DELETE CASCADE,
        status TEXT NOT NULL CHECK (json_valid(status))
      ) STRICT, WITHOUT ROWID;
      INSERT INTO container_statuses SELECT id, status FROM containers;
      ALTER TABLE containers DROP COLUMN status;
      DROP INDEX containers_by_image;

      CREATE TABLE new_execs (
        id TEXT PRIMARY KEY,
        number INTEGER NOT NULL,
        container_id TEXT NOT NULL REFERENCES containers (id) ON DELETE CASCADE,
        spec TEXT NOT NULL CHECK (json_valid(spec)),
        status TEXT NOT NULL CHECK (json_valid(status))
      ) STRICT, WITHOUT ROWID;
      INSERT INTO new_execs SELECT id, rowid, container_id, spec, status FROM execs;
      DROP TABLE execs;
      ALTER TABLE new_execs RENAME TO execs;
      CREATE INDEX execs_by_container ON execs (container_id);

      CREATE TABLE new_endpoints (
        container_id TEXT NOT NULL,
        network_id TEXT NOT NULL REFERENCES networks (id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        ipv4 TEXT NOT NULL,
        spec TEXT NOT NULL CHECK (json_valid(spec)),
        PRIMARY KEY (container_id, network_id)
      ) STRICT, WITHOUT ROWID;
      INSERT INTO new_endpoints SELECT container_id, network_id, rowid, ipv4, spec FROM endpoints;
      DROP TABLE endpoints;
      ALTER TABLE new_endpoints RENAME TO endpoints;
      CREATE UNIQUE INDEX endpoints_by_address ON endpoints (network_id, ipv4) WHERE ipv4 != '';

      CREATE TABLE new_snapshots (
        key TEXT PRIMARY KEY
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE new_snapshot_layers (
        key TEXT NOT NULL REFERENCES new_snapshots (key) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        diff_id TEXT NOT NULL REFERENCES layers (diff_id),
        PRIMARY KEY (key, position)
      ) STRICT, WITHOUT ROWID;
      INSERT INTO new_snapshots SELECT key FROM snapshots;
      INSERT INTO new_snapshot_layers SELECT key, position, diff_id FROM snapshot_layers;
      DROP TABLE snapshot_layers;
      DROP TABLE snapshots;
      ALTER TABLE new_snapshots RENAME TO snapshots;
      ALTER TABLE new_snapshot_layers RENAME TO snapshot_layers;
      CREATE INDEX snapshot_layers_by_layer ON snapshot_layers (diff_id);

      CREATE TABLE new_exits (
        number INTEGER PRIMARY KEY,
        container_id TEXT NOT NULL,
        container_name TEXT NOT NULL,
        finished_ms INTEGER NOT NULL,
        report TEXT NOT NULL CHECK (json_valid(report))
      ) STRICT;
      INSERT INTO new_exits SELECT number, container_id, container_name, finished_ms, report FROM exits;
      DROP TABLE exits;
      ALTER TABLE new_exits RENAME TO exits;
      CREATE INDEX exits_by_container ON exits (container_id);`,
  },
];
