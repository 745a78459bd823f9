/** Every parameter, filter and status of the containers', execs' and system's endpoints is seen by the test that says so. */
import { expect, test } from "bun:test";
import { endpoints } from "../fuzz/api/endpoints.ts";
import { rowTests, statuses } from "./api/row-tests.ts";
import { parseNamedTest, untrue } from "./named-tests.ts";

const subjects = /^\/(?:containers|exec|events|system|info|version|_ping|auth)\b/u;
/** Seen refused by name: checkpoints are not there, so neither are their parameters. */
const checkpoints = /checkpoint/u;

const wanted = endpoints
  .filter(({ path }) => subjects.test(path) && !checkpoints.test(path))
  .flatMap(({ method, path, query, filters, body }) => {
    const endpoint = `${method} ${path}`;
    return [
      ...query.map(({ name }) => `?${name}`).filter((name) => name !== "?filters" && !checkpoints.test(name)),
      ...filters.map((key) => `=${key}`),
      ...(body === undefined ? [] : ["@"]),
      ...(statuses[endpoint] ?? "no statuses are listed").split(" "),
    ].map((name) => `${endpoint} ${name}`);
  });

const rows = Object.entries(rowTests).flatMap(([endpoint, lines]) =>
  lines.map(parseNamedTest).map((row) => ({ ...row, name: `${endpoint} ${row.name}` })),
);

test("every row of the specification has its test, and every test its row", () => {
  expect(rows.map(({ name }) => name).toSorted()).toEqual(wanted.toSorted());
});

test("the tests are there and have what they are named for", () => {
  expect(untrue(rows, import.meta.dirname)).toEqual([]);
});
