import { BerthError } from "#base/errors.ts";
import { openSqlite, type SqlDatabase } from "#host/bun/sqlite.ts";

import { migrations, type Migration } from "./migrations.ts";

/**
 * Open the metadata database and bring it to the newest schema, one transaction a migration; `user_version` counts those
 * applied. A file from a newer Berth is refused (`conflict`) and left as it is.
 */
export function openState(path: string): SqlDatabase {
  const database = openSqlite(path);
  try {
    migrate(database, migrations);
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}

export function migrate(database: SqlDatabase, steps: readonly Migration[]): void {
  const version = schemaVersion(database);
  if (version > steps.length) {
    throw new BerthError("conflict", `the database has schema ${version}, this program knows ${steps.length}`, {
      hint: "Start the newer program that wrote it, or another data root.",
    });
  }
  for (const [index, step] of steps.entries()) {
    if (index < version) continue;
    database.transaction(() => {
      database.exec(step.sql);
      database.exec(`PRAGMA user_version = ${index + 1}`);
    });
  }
}

export function schemaVersion(database: SqlDatabase): number {
  return Number(database.prepare("PRAGMA user_version").get()?.["user_version"] ?? 0);
}
