/** Every promise about the life of containers is seen by the test that says so. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { clauses } from "./life/clause-tests.ts";
import { parseNamedTest, untrue } from "./named-tests.ts";

const parts = Object.entries(clauses).map(([part, lines]) => [part, lines.map(parseNamedTest)] as const);

test.each(parts)("%s: each clause stands once", (_, rows) => {
  expect(rows.length).toBeGreaterThan(5);
  expect(rows.filter(({ name }) => name === "")).toEqual([]);
  expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
});

test.each(parts)("%s: the tests are there and have what they are named for", (_, rows) => {
  expect(untrue(rows, join(import.meta.dirname, "../.."))).toEqual([]);
});
