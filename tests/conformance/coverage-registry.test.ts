/** Every clause about registries, and every promise about images, is seen by the test that says so. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { parseNamedTest, untrue } from "./named-tests.ts";
import { endpoints, promises, rules } from "./registry/clause-tests.ts";

const clauses = [...endpoints, ...rules, ...promises].map(parseNamedTest);

test("each clause stands once", () => {
  expect(clauses.filter(({ name }) => name === "")).toEqual([]);
  expect(new Set(clauses.map(({ name }) => name)).size).toBe(clauses.length);
});

test("every endpoint of the specification is there", () => {
  const numbers = new Set(clauses.flatMap(({ name }) => /^end-(\d+)/u.exec(name)?.[1] ?? []));
  expect([...numbers].map(Number).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 14 }, (_, at) => at + 1));
});

test("the tests are there and have what they are named for", () => {
  expect(untrue(clauses, join(import.meta.dirname, "../.."))).toEqual([]);
});
