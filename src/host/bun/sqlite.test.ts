import { expect, test } from "bun:test";

import { openSqlite } from "./sqlite.ts";

function database() {
  const db = openSqlite(":memory:");
  db.exec("CREATE TABLE t (k TEXT PRIMARY KEY, v INTEGER NOT NULL) STRICT");
  return db;
}

test("rows go in and out", () => {
  const db = database();
  expect(db.prepare("INSERT INTO t VALUES (?, ?)").run("a", 1)).toBe(1);
  expect(db.prepare("SELECT * FROM t WHERE k = ?").get("a")).toEqual({ k: "a", v: 1 });
  expect(db.prepare("SELECT * FROM t WHERE k = ?").get("b")).toBeUndefined();
  expect(db.prepare("SELECT v FROM t").all()).toEqual([{ v: 1 }]);
  expect(db.prepare("DELETE FROM t WHERE k = ?").run("b")).toBe(0);
  db.close();
});

test("a failed transaction leaves no trace, a nested one only takes back its own part", () => {
  const db = database();
  const insert = db.prepare("INSERT INTO t VALUES (?, ?)");
  expect(() =>
    db.transaction(() => {
      insert.run("a", 1);
      throw new Error("no");
    }),
  ).toThrow("no");
  expect(db.prepare("SELECT * FROM t").all()).toEqual([]);
  db.transaction(() => {
    insert.run("outer", 1);
    expect(() =>
      db.transaction(() => {
        insert.run("inner", 2);
        insert.run("outer", 3);
      }),
    ).toThrow();
  });
  expect(db.prepare("SELECT k FROM t").all()).toEqual([{ k: "outer" }]);
  db.close();
});

test("a broken constraint is a conflict, bad SQL is internal", () => {
  const db = database();
  const insert = db.prepare("INSERT INTO t VALUES (?, ?)");
  insert.run("a", 1);
  expect(() => insert.run("a", 2)).toThrow(expect.objectContaining({ kind: "conflict" }));
  expect(() => insert.run("b", null)).toThrow(expect.objectContaining({ kind: "conflict" }));
  expect(() => db.exec("SELEKT")).toThrow(expect.objectContaining({ kind: "internal" }));
  db.close();
});
