import { expect, test } from "bun:test";

import { openSqlite } from "#host/sqlite.ts";

import { migrate, openState, schemaVersion } from "./db.ts";
import { migrations } from "./migrations.ts";

test("a new database gets every migration", () => {
  const database = openState(":memory:");
  expect(schemaVersion(database)).toBe(migrations.length);
  database.close();
});

test("each migration applies to the schema before it, and only once", () => {
  const database = openSqlite(":memory:");
  for (const [index] of migrations.entries()) {
    migrate(database, migrations.slice(0, index + 1));
    expect(schemaVersion(database)).toBe(index + 1);
  }
  migrate(database, migrations);
  expect(schemaVersion(database)).toBe(migrations.length);
  database.close();
});

test("a migration that fails is taken back whole", () => {
  const database = openSqlite(":memory:");
  const steps = [
    { name: "good", sql: "CREATE TABLE a (x INTEGER) STRICT;" },
    { name: "bad", sql: "CREATE TABLE b (x INTEGER) STRICT; INSERT INTO nowhere VALUES (1);" },
  ];
  expect(() => migrate(database, steps)).toThrow(expect.objectContaining({ kind: "internal" }));
  expect(schemaVersion(database)).toBe(1);
  expect(database.prepare("SELECT name FROM sqlite_master").all()).toEqual([{ name: "a" }]);
  database.close();
});

test("a newer schema is refused", () => {
  const database = openSqlite(":memory:");
  database.exec("PRAGMA user_version = 9999");
  expect(() => migrate(database, migrations)).toThrow(expect.objectContaining({ kind: "conflict" }));
  database.close();
});

test("tables are strict", () => {
  const database = openState(":memory:");
  for (const { name, strict } of database
    .prepare("SELECT name, strict FROM pragma_table_list WHERE schema = 'main'")
    .all()) {
    if (!String(name).startsWith("sqlite_")) expect({ name, strict }).toEqual({ name, strict: 1 });
  }
  database.close();
});
