import { afterEach, beforeEach, expect, test } from "bun:test";
import type { SqlDatabase } from "#host/bun/sqlite.ts";
import { openState } from "./db.ts";
import { ExitStore } from "./exit-store.ts";

let database: SqlDatabase;
let store: ExitStore<number>;
beforeEach(() => {
  database = openState(":memory:");
  store = new ExitStore({
    database,
    validate(value) {
      if (typeof value !== "number") throw new Error("no number");
      return value;
    },
  });
});
afterEach(() => database.close());

const day = 86_400_000;
const add = (containerId: string, report: number, more: { containerName?: string; finishedMs?: number } = {}): void =>
  store.insert({ containerId, containerName: "web", finishedMs: 1_000 * day, report, ...more });
const reports = (id: string): readonly number[] => store.ofContainer(id).map(({ report }) => report);
const count = (): unknown => database.prepare("SELECT count(*) AS n FROM exits").get()?.["n"];

test("the last twenty of a container, newest first", () => {
  for (let index = 0; index < 30; index += 1) add("aa", index);
  add("bb", 100);
  expect(reports("aa")).toEqual(Array.from({ length: 20 }, (_, index) => 29 - index));
  expect(reports("bb")).toEqual([100]);
  expect(store.newestMs("aa")).toBe(1_000 * day);
  expect(store.newestMs("cc")).toBeUndefined();
});

test("found by the newest holder of a name, by id and by its beginning", () => {
  add("aa11", 1);
  add("aa22", 2);
  add("bb33", 3, { containerName: "db" });
  expect(store.find("web")).toEqual(["aa22"]);
  expect(store.find("aa11")).toEqual(["aa11"]);
  expect(store.find("bb")).toEqual(["bb33"]);
  expect(store.find("aa")).toEqual(["aa11", "aa22"]);
  expect(store.find("cc")).toEqual([]);
});

test("what is too old or too much goes", () => {
  add("old", 1, { finishedMs: 900 * day });
  for (let index = 0; index < 64; index += 1) add(`x${index}`, index);
  expect(reports("old")).toEqual([]);
  for (let index = 0; index < 2_100; index += 1) add(`y${index}`, index);
  expect(count() as number).toBeLessThan(2_100);
  expect(reports("y2099")).toEqual([2_099]);
});

test("a row that holds something else is data loss, named", () => {
  add("aa", "text" as unknown as number);
  expect(() => store.ofContainer("aa")).toThrow("bad exits.report of 1: no number");
});
