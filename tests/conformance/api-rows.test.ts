/** Every parameter, filter and status of the containers', execs' and system's endpoints is seen by the test that says so. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { endpoints } from "../fuzz/api/endpoints.ts";
import { rowTests, statuses } from "./api/row-tests.ts";

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
  lines.map((line) => {
    const [, name = "", file = "", title = "", needle = ""] = /^(\S+) (\S+) (.+?) \| (.+)$/su.exec(line) ?? [];
    return { row: `${endpoint} ${name}`, file, title, needle };
  }),
);

test("every row of the specification has its test, and every test its row", () => {
  expect(rows.map(({ row }) => row).toSorted()).toEqual(wanted.toSorted());
});

test("the tests are there and have what they are named for", () => {
  const texts = new Map<string, string>();
  const missing = rows.filter(({ file, title, needle }) => {
    const text = texts.get(file) ?? readFileSync(join(import.meta.dirname, file), "utf8");
    texts.set(file, text);
    const begin = text.indexOf(title);
    if (title === "" || begin < 0) return true;
    const rest = text.slice(begin + title.length);
    // Up to the next test or transcript; what is no test but a table goes on to its end.
    const end = /^\s*test\(|^== |^\];$|^`;$/mu.exec(rest)?.index ?? rest.length;
    return !rest.slice(0, end).includes(needle);
  });
  expect(missing).toEqual([]);
});
