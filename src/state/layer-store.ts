import type { Row, SqlDatabase, Statement } from "#host/bun/sqlite.ts";

import { numberColumn, optionalTextColumn, textColumn } from "./json-column.ts";

export interface LayerRow {
  /** Names the layer's directory. */
  readonly number: number;
  /** `pending:…` for a build step's until somebody asks for its archive; see snapshot/layer-directories.ts. */
  readonly diffId: string;
  readonly sizeBytes: number;
  /**
   * The boot in which the layer was unpacked, until its files are known to be on disk. A row of an earlier boot that
   * still has one may have lost data with the machine's power.
   */
  readonly bootId: string | undefined;
}

/**
 * Unpacked layers. A layer that an image, a snapshot or the cache of builds names cannot be deleted: the database refuses
 * (`conflict`).
 */
export class LayerStore {
  readonly #insert: Statement;
  readonly #find: Statement;
  readonly #all: Statement;
  readonly #markSynced: Statement;
  readonly #deleteUnused: Statement;
  readonly #findNumber: Statement;
  readonly #name: Statement;
  readonly #isHeldElsewhere: Statement;

  constructor(deps: { readonly database: SqlDatabase }) {
    const { database } = deps;
    this.#insert = database.prepare("INSERT INTO layers (number, diff_id, size_bytes, boot_id) VALUES (?, ?, ?, ?)");
    this.#find = database.prepare("SELECT * FROM layers WHERE diff_id = ?");
    this.#all = database.prepare("SELECT * FROM layers ORDER BY number");
    this.#markSynced = database.prepare("UPDATE layers SET boot_id = NULL WHERE number = ?");
    this.#deleteUnused = database.prepare(
      `DELETE FROM layers WHERE diff_id = ?1
         AND NOT EXISTS (SELECT 1 FROM image_layers WHERE diff_id = ?1)
         AND NOT EXISTS (SELECT 1 FROM snapshot_layers WHERE diff_id = ?1)
         AND NOT EXISTS (SELECT 1 FROM build_records WHERE layer = layers.number)`,
    );
    this.#findNumber = database.prepare("SELECT * FROM layers WHERE number = ?");
    this.#isHeldElsewhere = database.prepare(`SELECT 1 AS used FROM image_layers WHERE diff_id = ?1
       UNION ALL SELECT 1 FROM snapshot_layers WHERE diff_id = ?1 LIMIT 1`);
    this.#name = database.prepare("UPDATE layers SET diff_id = ?, size_bytes = ? WHERE number = ?");
  }

  insert(row: LayerRow): void {
    this.#insert.run(row.number, row.diffId, row.sizeBytes, row.bootId ?? null);
  }

  find(diffId: string): LayerRow | undefined {
    const row = this.#find.get(diffId);
    return row === undefined ? undefined : decode(row);
  }

  findNumber(number: number): LayerRow | undefined {
    const row = this.#findNumber.get(number);
    return row === undefined ? undefined : decode(row);
  }

  isHeldElsewhere(diffId: string): boolean {
    return this.#isHeldElsewhere.get(diffId) !== undefined;
  }

  /** Give a layer its diff id; `conflict` when another layer has it. */
  name(number: number, diffId: string, sizeBytes: number): void {
    this.#name.run(diffId, sizeBytes, number);
  }

  all(): readonly LayerRow[] {
    return this.#all.all().map(decode);
  }

  markSynced(number: number): void {
    this.#markSynced.run(number);
  }

  /** Delete the row unless an image, a snapshot or the cache of builds names the layer. True when it was deleted. */
  deleteUnused(diffId: string): boolean {
    return this.#deleteUnused.run(diffId) > 0;
  }
}

function decode(row: Row): LayerRow {
  return {
    number: numberColumn(row, "number"),
    diffId: textColumn(row, "diff_id"),
    sizeBytes: numberColumn(row, "size_bytes"),
    bootId: optionalTextColumn(row, "boot_id"),
  };
}
