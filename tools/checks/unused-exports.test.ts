import { expect, test } from "bun:test";
import { exportsOf, importsByName } from "./export-scan.ts";
import { tokenize } from "./source-scan.ts";
import { unusedExports } from "./unused-exports.ts";

function problemsOf(files: Record<string, string>): readonly string[] {
  const sources = Object.entries(files).map(([path, text]) => ({ path, text }));
  return unusedExports(sources, [{ path: "src/low/table.ts", reason: "a table" }]);
}

test("declarations of every kind are exports", () => {
  const source = `
    export const a = 1; export let b = 2;
    export async function c() {} export function* d() {}
    export abstract class E {}
    export interface F {} export type G = 1;
    const h = 3;
    const text = "export const i = 4";
  `;
  expect(exportsOf(tokenize(source)).map(({ name, isType }) => (isType ? `${name}?` : name))).toEqual([
    "a",
    "b",
    "c",
    "d",
    "E",
    "F?",
    "G?",
  ]);
});

test("names are told with the module that they come from", () => {
  const source = `
    import { a, type B, c as d } from "#x/one.ts";
    import type { E } from "./two.ts";
    export { f } from "./three.ts";
    import * as all from "./four.ts";
    const { g } = await import("./five.ts");
    let h: import("./six.ts").H;
    import "./side.ts";
  `;
  expect(importsByName(tokenize(source))).toEqual([
    { specifier: "#x/one.ts", names: ["a", "B", "c"] },
    { specifier: "./two.ts", names: ["E"] },
    { specifier: "./three.ts", names: ["f"] },
    { specifier: "./four.ts", names: undefined },
    { specifier: "./five.ts", names: undefined },
    { specifier: "./six.ts", names: undefined },
  ]);
});

test("what nobody takes is told, with what to do", () => {
  expect(
    problemsOf({
      "src/low/x.ts": "export const used = 1;\nexport const own = 2;\nexport const dead = own;\n",
      "src/high/y.ts": 'import { used } from "#low/x.ts";\nused;\n',
    }),
  ).toEqual(["src/low/x.ts:2: own: nobody imports it: drop the word export", "src/low/x.ts:3: dead: nobody uses it"]);
});

test("a whole module reaches what it names", () => {
  const low = { "src/low/x.ts": "export const a = 1;\nexport const b = 2;\n" };
  expect(problemsOf({ ...low, "src/high/y.ts": 'const { a } = await import("#low/x.ts");\n' })).toEqual([
    "src/low/x.ts:2: b: nobody uses it",
  ]);
});

test("a type that its file uses belongs to its other exports", () => {
  const low = { "src/low/x.ts": "export interface Deps {}\nexport type Dead = 1;\nexport function f(deps: Deps) {}\n" };
  expect(problemsOf({ ...low, "src/high/y.ts": 'import { f } from "#low/x.ts";\n' })).toEqual([
    "src/low/x.ts:2: Dead: nobody uses it",
  ]);
});

test("tests count for what the file itself uses, for what is there for tests, and where a reason is given", () => {
  const taker = 'import { parse, left } from "./x.ts";\n';
  const text = "export function parse() {}\nexport const left = 1;\nparse();\n";
  expect(problemsOf({ "src/low/x.ts": text, "src/low/x.test.ts": taker })).toEqual([
    "src/low/x.ts:2: left: only tests use it",
  ]);
  expect(problemsOf({ "src/low/testing/x.ts": text, "src/low/testing/x.test.ts": taker })).toEqual([]);
  expect(
    problemsOf({ "src/low/table.ts": text, "tests/a.test.ts": taker.replace("./x.ts", "../src/low/table.ts") }),
  ).toEqual([]);
});
