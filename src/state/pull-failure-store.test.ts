import { afterEach, beforeEach, expect, test } from "bun:test";
import type { SqlDatabase } from "#host/bun/sqlite.ts";
import { openState } from "./db.ts";
import { PullFailureStore } from "./pull-failure-store.ts";

let database: SqlDatabase;
let store: PullFailureStore<number>;
beforeEach(() => {
  database = openState(":memory:");
  store = new PullFailureStore({ database, validate: Number });
});
afterEach(() => database.close());

test("the last five of a reference, newest first, until it is pulled", () => {
  for (let index = 0; index < 8; index += 1) store.insert("a", index);
  store.insert("b", 100);
  expect(store.of("a")).toEqual([7, 6, 5, 4, 3]);
  store.forget("a");
  expect(store.of("a")).toEqual([]);
  expect(store.of("b")).toEqual([100]);
});

test("500 in all", () => {
  for (let index = 0; index < 510; index += 1) store.insert(`r${index}`, index);
  expect(store.of("r9")).toEqual([]);
  expect(store.of("r10")).toEqual([10]);
});
