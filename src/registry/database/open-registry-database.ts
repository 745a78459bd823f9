import { openSqlite, type SqlDatabase } from "#host/bun/sqlite.ts";
import { migrate } from "#state/db.ts";
import { registryMigrations } from "./schema.ts";

/**
 * Open or create a registry's database (":memory:" for tests) at the newest schema. What a client was told is there
 * survives a power cut: every change is synced.
 */
export function openRegistryDatabase(path: string): SqlDatabase {
  const database = openSqlite(path);
  try {
    database.exec("PRAGMA synchronous=FULL");
    migrate(database, registryMigrations);
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}
