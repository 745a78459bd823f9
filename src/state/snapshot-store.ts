import type { SqlDatabase, Statement } from "#host/bun/sqlite.ts";

import { textColumn } from "./json-column.ts";

/** Writable snapshots and the layers below each. A snapshot keeps its layers from being deleted. */
export class SnapshotStore {
  readonly #database: SqlDatabase;
  readonly #insert: Statement;
  readonly #insertLayer: Statement;
  readonly #find: Statement;
  readonly #layers: Statement;
  readonly #all: Statement;
  readonly #delete: Statement;

  constructor(deps: { readonly database: SqlDatabase }) {
    this.#database = deps.database;
    this.#insert = deps.database.prepare("INSERT INTO snapshots (key) VALUES (?)");
    this.#insertLayer = deps.database.prepare("INSERT INTO snapshot_layers (key, position, diff_id) VALUES (?, ?, ?)");
    this.#find = deps.database.prepare("SELECT key FROM snapshots WHERE key = ?");
    this.#layers = deps.database.prepare("SELECT diff_id FROM snapshot_layers WHERE key = ? ORDER BY position");
    this.#all = deps.database.prepare("SELECT key FROM snapshots ORDER BY key");
    this.#delete = deps.database.prepare("DELETE FROM snapshots WHERE key = ?");
  }

  /** `diffIds` bottom first. `conflict` when a layer has no row, or the key exists. */
  insert(key: string, diffIds: readonly string[]): void {
    this.#database.transaction(() => {
      this.#insert.run(key);
      diffIds.forEach((diffId, position) => this.#insertLayer.run(key, position, diffId));
    });
  }

  /** Layers of a snapshot, bottom first; undefined when there is none. */
  layersOf(key: string): readonly string[] | undefined {
    if (this.#find.get(key) === undefined) return undefined;
    return this.#layers.all(key).map((row) => textColumn(row, "diff_id"));
  }

  keys(): readonly string[] {
    return this.#all.all().map((row) => textColumn(row, "key"));
  }

  /** True when it was there. */
  delete(key: string): boolean {
    return this.#delete.run(key) > 0;
  }
}
