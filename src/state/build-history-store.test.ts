import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SqlDatabase } from "#host/bun/sqlite.ts";
import { BuildHistoryStore, KEPT_BUILDS } from "./build-history-store.ts";
import { openState } from "./db.ts";

interface Entry {
  readonly id: string;
  readonly text: string;
}

let database: SqlDatabase;
let directory: string;
let store: BuildHistoryStore<Entry>;
beforeEach(() => {
  database = openState(":memory:");
  directory = mkdtempSync(join(tmpdir(), "berth-history-"));
  store = new BuildHistoryStore({ database, directory, validate: (value) => value as Entry });
});
afterEach(() => {
  database.close();
  rmSync(directory, { recursive: true });
});

test("the newest are kept, with their logs; what is put again stays in its place", () => {
  for (let index = 0; index < KEPT_BUILDS + 5; index += 1) {
    store.put({ id: `b${index}`, text: "begun" });
    store.writeLog(`b${index}`, `log ${index}`);
  }
  store.put({ id: "b10", text: "over" });
  const all = store.all();
  expect(all).toHaveLength(KEPT_BUILDS);
  expect(all[0]?.id).toBe(`b${KEPT_BUILDS + 4}`);
  expect(all.at(-6)).toEqual({ id: "b10", text: "over" });
  expect(readdirSync(directory)).toHaveLength(KEPT_BUILDS);
  expect([store.log("b10"), store.log("b0"), store.log("none")]).toEqual(["log 10", "", ""]);
});

test("what is deleted takes its log along; logs of nobody go", () => {
  store.put({ id: "a", text: "" });
  store.writeLog("a", "said");
  expect([store.delete("a"), store.delete("a")]).toEqual([true, false]);
  writeFileSync(join(directory, "left.log"), "");
  store.reconcile();
  expect(readdirSync(directory)).toEqual([]);
});
