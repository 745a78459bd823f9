import { ensureDirectory, listDirectory, readTextFileMaybe, removeFile, writeFileAtomic } from "#host/files/files.ts";
import type { Row, SqlDatabase } from "#host/bun/sqlite.ts";
import { jsonColumn, textColumn, type Validate } from "./json-column.ts";

/** As many builds are remembered, the newest. */
export const KEPT_BUILDS = 100;
/** Far above what a log is cut off at. */
const MAX_LOG_BYTES = 16 << 20;

/** Builds that were, by their ids: the {@link KEPT_BUILDS} newest. Their logs are files `<id>.log` of a directory. */
export class BuildHistoryStore<Entry extends { readonly id: string }> {
  readonly #database: SqlDatabase;
  readonly #validate: Validate<Entry>;
  readonly #directory: string;

  constructor(deps: {
    readonly database: SqlDatabase;
    readonly validate: Validate<Entry>;
    /** Of the logs. */
    readonly directory: string;
  }) {
    this.#database = deps.database;
    this.#validate = deps.validate;
    this.#directory = deps.directory;
  }

  /** Note a build, or what has become of it. */
  put(entry: Entry): void {
    this.#database
      .prepare(
        `INSERT INTO build_history (id, entry) VALUES (?, ?)
         ON CONFLICT (id) DO UPDATE SET entry = excluded.entry`,
      )
      .run(entry.id, JSON.stringify(entry));
    const old = this.#database
      .prepare("SELECT id FROM build_history ORDER BY number DESC LIMIT -1 OFFSET ?")
      .all(KEPT_BUILDS);
    for (const row of old) this.delete(textColumn(row, "id"));
  }

  /** The newest first. */
  all(): readonly Entry[] {
    return this.#database
      .prepare("SELECT * FROM build_history ORDER BY number DESC")
      .all()
      .map((row) => this.#decode(row));
  }

  writeLog(id: string, text: string): void {
    writeFileAtomic(this.#logPath(id), text, { mode: 0o600, durable: false });
  }

  /** "" when there is none. */
  log(id: string): string {
    return readTextFileMaybe(this.#logPath(id), MAX_LOG_BYTES) ?? "";
  }

  /** True when it was there. */
  delete(id: string): boolean {
    const known = this.#database.prepare("DELETE FROM build_history WHERE id = ?").run(id) > 0;
    if (known) removeFile(this.#logPath(id));
    return known;
  }

  /** Take logs away that an engine left when it was killed. */
  reconcile(): void {
    ensureDirectory(this.#directory, 0o700);
    const known = new Set(this.all().map(({ id }) => `${id}.log`));
    for (const name of listDirectory(this.#directory)) if (!known.has(name)) removeFile(`${this.#directory}/${name}`);
  }

  #logPath(id: string): string {
    return `${this.#directory}/${id}.log`;
  }

  #decode(row: Row): Entry {
    return jsonColumn(row, "build_history", "entry", this.#validate);
  }
}
