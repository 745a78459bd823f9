import { Database } from "bun:sqlite";

import { BerthError, isBerthError, messageOf } from "#base/errors.ts";

export type SqlValue = string | number | bigint | Uint8Array | null;
export type Row = Readonly<Record<string, SqlValue>>;

/** One prepared statement with positional parameters (`?`), kept for the life of its database. */
export interface Statement {
  /** Rows changed. */
  run(...parameters: readonly SqlValue[]): number;
  get(...parameters: readonly SqlValue[]): Row | undefined;
  all(...parameters: readonly SqlValue[]): Row[];
}

/**
 * A SQLite file, used by one thread. Throws `conflict` (details.constraint true) when a UNIQUE, NOT NULL, CHECK or
 * foreign key constraint refuses a change, `resource-exhausted` when the disk is full, `data-loss` for a damaged file,
 * `internal` otherwise.
 */
export interface SqlDatabase {
  prepare(sql: string): Statement;
  /** Several statements without parameters. */
  exec(sql: string): void;
  /**
   * All or nothing (BEGIN IMMEDIATE). Inside another transaction it is a savepoint. `work` must not be async: the
   * transaction ends when it returns.
   */
  transaction<T>(work: () => T extends Promise<unknown> ? never : T): T;
  /**
   * Move what the write-ahead log holds into the file, and begin it anew. Waits for the disk, so that later commits do not: for
   * when nobody else does. Nothing when nothing has changed since.
   */
  checkpoint(): void;
  close(): void;
}

/** Pages of 4 KiB in the log at which a commit moves them itself, when {@link SqlDatabase.checkpoint} never came. */
const MAX_LOG_PAGES = 8000;
/** Kept for what must be written on a full disk. */
const RESERVE_BYTES = 1 << 20;

/**
 * Open or create `path` (":memory:" for tests): write-ahead log, `synchronous=NORMAL` (a committed change survives a
 * killed process; a power cut may take back the last ones but never damages the file), foreign keys checked. The file is
 * this process's alone while it is open (`locking_mode=EXCLUSIVE`), which spares each statement its locks.
 */
export function openSqlite(path: string): SqlDatabase {
  return translate(() => {
    const database = new Database(path, { create: true, readwrite: true, strict: true });
    database.exec(
      `PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;
       PRAGMA busy_timeout=5000; PRAGMA wal_autocheckpoint=${MAX_LOG_PAGES};`,
    );
    const opened = new BunSqlite(database);
    opened.reserve();
    return opened;
  });
}

class BunSqlite implements SqlDatabase {
  readonly #database: Database;
  readonly #statements = new Map<string, Statement & { finalize(): void }>();
  #depth = 0;
  /** Rows ever changed when the log was moved last. */
  #movedChanges = -1;

  constructor(database: Database) {
    this.#database = database;
  }

  prepare(sql: string): Statement {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const prepared = translate(() => this.#database.prepare<Row, SqlValue[]>(sql));
    const statement = {
      finalize: () => prepared.finalize(),
      run: (...parameters: readonly SqlValue[]) =>
        this.#withRoom(() => translate(() => prepared.run(...parameters).changes)),
      get: (...parameters: readonly SqlValue[]) => translate(() => prepared.get(...parameters) ?? undefined),
      all: (...parameters: readonly SqlValue[]) => translate(() => prepared.all(...parameters)),
    };
    this.#statements.set(sql, statement);
    return statement;
  }

  exec(sql: string): void {
    translate(() => this.#database.exec(sql));
  }

  transaction<T>(work: () => T extends Promise<unknown> ? never : T): T {
    return this.#withRoom(() => this.#transaction(work));
  }

  /**
   * Free pages in the file and blocks in the log, so that the changes that end things can be written on a full disk: the
   * log begins at its start again after a checkpoint, and neither ever shrinks while it is open.
   */
  reserve(): void {
    this.exec(`BEGIN; CREATE TABLE reserve (bytes BLOB); INSERT INTO reserve VALUES (zeroblob(${RESERVE_BYTES}));
               DROP TABLE reserve; COMMIT;`);
    this.#moveLog();
  }

  /** On a full disk what the log holds is moved first, and the work is done once more. */
  #withRoom<T>(work: () => T): T {
    if (this.#depth > 0) return work();
    try {
      return work();
    } catch (error) {
      if (!isBerthError(error, "resource-exhausted")) throw error;
      this.#moveLog();
      return work();
    }
  }

  #transaction<T>(work: () => T): T {
    const level = this.#depth;
    const [begin, commit, rollback] =
      level === 0
        ? ["BEGIN IMMEDIATE", "COMMIT", "ROLLBACK"]
        : [`SAVEPOINT s${level}`, `RELEASE s${level}`, `ROLLBACK TO s${level}; RELEASE s${level}`];
    this.prepare(begin).run();
    this.#depth++;
    try {
      const result = work();
      this.prepare(commit).run();
      return result;
    } catch (error) {
      try {
        this.exec(rollback);
      } catch {
        // SQLite has done so itself, as on a full disk; the error that led here is the one to tell.
      }
      throw error;
    } finally {
      this.#depth--;
    }
  }

  checkpoint(): void {
    const changes = Number(this.prepare("SELECT total_changes() AS changes").get()?.["changes"]);
    if (changes === this.#movedChanges) return;
    this.#moveLog();
    // The log begins at its start again, and the first commit there waits for the disk: this one, and nobody's request.
    const version = Number(this.prepare("PRAGMA user_version").get()?.["user_version"]);
    this.exec(`PRAGMA user_version = ${version}`);
    this.#movedChanges = changes;
  }

  #moveLog(): void {
    this.exec("PRAGMA wal_checkpoint(PASSIVE)");
  }

  close(): void {
    // One that lives keeps the file, and its lock.
    for (const statement of this.#statements.values()) statement.finalize();
    this.#statements.clear();
    this.#database.close();
  }
}

function translate<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (code.startsWith("SQLITE_CONSTRAINT")) {
      throw new BerthError("conflict", messageOf(error), { cause: error, details: { constraint: true, code } });
    }
    if (code === "SQLITE_FULL") throw new BerthError("resource-exhausted", messageOf(error), { cause: error });
    if (code === "SQLITE_CORRUPT" || code === "SQLITE_NOTADB") {
      throw new BerthError("data-loss", messageOf(error), { cause: error });
    }
    if (code.startsWith("SQLITE_")) throw new BerthError("internal", messageOf(error), { cause: error });
    throw error;
  }
}
