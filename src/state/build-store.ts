import type { Row, SqlDatabase, Statement } from "#host/bun/sqlite.ts";

import { jsonColumn, numberColumn, textColumn } from "./json-column.ts";

/** One thing the builder remembers. */
export interface BuildRecord {
  readonly id: string;
  /** As BuildKit's record types. */
  readonly kind: "regular" | "source.local" | "exec.cachemount";
  /** Number of the layer that a step made; undefined when it changed nothing, and for what is no layer. */
  readonly layer: number | undefined;
  /** What steps that build on this one put into their keys. */
  readonly outputKey: string;
  /** For people. */
  readonly description: string;
  /** Ids of the records it was made from. */
  readonly parents: readonly string[];
  readonly sizeBytes: number;
  /** RFC 3339. */
  readonly createdAt: string;
  /** Unix milliseconds. */
  readonly lastUsedMs: number;
  readonly uses: number;
}

/** The builder's memory: records, and the keys by which they are found. A record's keys go with it. */
export class BuildStore {
  readonly #database: SqlDatabase;
  readonly #insert: Statement;
  readonly #putKey: Statement;
  readonly #find: Statement;
  readonly #get: Statement;
  readonly #keysOf: Statement;
  readonly #all: Statement;
  readonly #builtBefore: Statement;
  readonly #countFound: Statement;
  readonly #touch: Statement;
  readonly #resize: Statement;
  readonly #delete: Statement;
  readonly #forgetUnsynced: Statement;

  constructor(deps: { readonly database: SqlDatabase }) {
    const { database } = deps;
    this.#database = database;
    this.#insert = database.prepare(
      `INSERT INTO build_records (id, kind, layer, output_key, description, parents, size_bytes, created_at, last_used_ms, uses)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#putKey = database.prepare(
      `INSERT INTO build_keys (key, record_id) VALUES (?, ?)
       ON CONFLICT (key) DO UPDATE SET record_id = excluded.record_id`,
    );
    this.#find = database.prepare(
      "SELECT build_records.* FROM build_keys JOIN build_records ON build_records.id = record_id WHERE key = ?",
    );
    this.#get = database.prepare("SELECT * FROM build_records WHERE id = ?");
    this.#keysOf = database.prepare("SELECT key FROM build_keys WHERE record_id = ? ORDER BY key");
    this.#all = database.prepare("SELECT * FROM build_records ORDER BY created_at, id");
    this.#builtBefore = database.prepare(
      `SELECT * FROM build_records
         WHERE kind = 'regular' AND (description = ?1 OR description GLOB '[[]*' AND substr(description, -length(?1) - 2) = '] ' || ?1)
         ORDER BY created_at DESC, id LIMIT 20`,
    );
    this.#countFound = database.prepare(
      `SELECT count(*) AS found FROM json_each(?) AS step
         JOIN build_keys ON build_keys.key = step.value ->> 0 AND record_id = step.value ->> 1`,
    );
    this.#touch = database.prepare("UPDATE build_records SET last_used_ms = ?, uses = uses + 1 WHERE id = ?");
    this.#resize = database.prepare("UPDATE build_records SET size_bytes = ? WHERE id = ?");
    this.#delete = database.prepare("DELETE FROM build_records WHERE id = ?");
    this.#forgetUnsynced = database.prepare(
      `DELETE FROM build_records WHERE layer IN
         (SELECT number FROM layers WHERE boot_id IS NOT NULL AND boot_id != ?)`,
    );
  }

  /** A new record under its keys; whatever was found by one of them is found by it no more. */
  insert(record: BuildRecord, keys: readonly string[]): void {
    this.#database.transaction(() => {
      this.#insert.run(
        record.id,
        record.kind,
        record.layer ?? null,
        record.outputKey,
        record.description,
        JSON.stringify(record.parents),
        record.sizeBytes,
        record.createdAt,
        record.lastUsedMs,
        record.uses,
      );
      for (const key of keys) this.#putKey.run(key, record.id);
    });
  }

  /** Let another key find a record. */
  alias(key: string, recordId: string): void {
    this.#putKey.run(key, recordId);
  }

  find(key: string): BuildRecord | undefined {
    const row = this.#find.get(key);
    return row === undefined ? undefined : decode(row);
  }

  get(id: string): BuildRecord | undefined {
    const row = this.#get.get(id);
    return row === undefined ? undefined : decode(row);
  }

  /** By which a record is found. */
  keysOf(id: string): readonly string[] {
    return this.#keysOf.all(id).map((row) => textColumn(row, "key"));
  }

  /** Oldest first. */
  all(): readonly BuildRecord[] {
    return this.#all.all().map(decode);
  }

  /** Steps by their instructions, behind their places in their stages or without: the newest 20. */
  builtBefore(instruction: string): readonly BuildRecord[] {
    return this.#builtBefore.all(instruction).map(decode);
  }

  /** Is each found under its key? Keys are told once. */
  areFound(steps: readonly (readonly [key: string, recordId: string])[]): boolean {
    return this.#countFound.get(JSON.stringify(steps))?.["found"] === steps.length;
  }

  /** These were used now. */
  touch(ids: readonly string[], nowMs: number): void {
    this.#database.transaction(() => {
      for (const id of ids) this.#touch.run(nowMs, id);
    });
  }

  resize(id: string, sizeBytes: number): void {
    this.#resize.run(sizeBytes, id);
  }

  /** True when it was there. Its layer stays until somebody collects it. */
  delete(id: string): boolean {
    return this.#delete.run(id) > 0;
  }

  /** Records whose layers an earlier boot left without knowing them on disk: nothing could mend them. */
  forgetUnsynced(bootId: string): void {
    this.#forgetUnsynced.run(bootId);
  }
}

const kinds = ["regular", "source.local", "exec.cachemount"] as const;

function decode(row: Row): BuildRecord {
  const kind = textColumn(row, "kind");
  const layer = row["layer"];
  return {
    id: textColumn(row, "id"),
    kind: kinds.find((known) => known === kind) ?? "regular",
    layer: typeof layer === "number" ? layer : undefined,
    outputKey: textColumn(row, "output_key"),
    description: textColumn(row, "description"),
    parents: jsonColumn(row, "build_records", "parents", strings),
    sizeBytes: numberColumn(row, "size_bytes"),
    createdAt: textColumn(row, "created_at"),
    lastUsedMs: numberColumn(row, "last_used_ms"),
    uses: numberColumn(row, "uses"),
  };
}

function strings(value: unknown): readonly string[] {
  if (!Array.isArray(value)) throw new TypeError("expected a list");
  return value.map(String);
}
