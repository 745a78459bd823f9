import { expect, test } from "bun:test";
import { layers, pureModules, type Layer } from "../layers.ts";
import { checkLayers, type LayerRules } from "./layer-rules.ts";

const twoLayers: readonly Layer[] = [
  { folder: "low", may: [], reason: "lowest" },
  { folder: "low/http", may: [], reason: "apart from low" },
  { folder: "high", may: ["low/http"], reason: "above" },
  { folder: "top", may: ["low", "high"], reason: "above all" },
];

const rules: LayerRules = {
  layers: twoLayers,
  pureModules: new Set(["node:path"]),
  platformGrants: [{ where: "low", modules: "*", reason: "input and output" }],
  assetGrants: [{ where: "low", asset: "dist", reason: "embedded" }],
  longFiles: [{ path: "low/long.ts", lines: 12, reason: "a table" }],
  maximumLines: 10,
};

/** Problems of a tree given as path -> text, beside one harmless import so that something was read. */
function problemsOf(files: Record<string, string>): readonly string[] {
  const base = { "top/start.ts": 'import { x } from "#low/x.ts";\n', "low/x.ts": "export const x = 1;\n" };
  const sources = Object.entries({ ...base, ...files }).map(([path, text]) => ({ path, text }));
  return checkLayers(sources, rules).problems;
}

test("a clean tree passes and is counted", () => {
  const report = checkLayers(
    [
      { path: "low/x.ts", text: 'import { join } from "node:path";\nexport const x = join("a");\n' },
      { path: "top/y.ts", text: 'import type { x } from "#low/x.ts";\n' },
    ],
    rules,
  );
  expect(report).toEqual({ files: 2, imports: 2, problems: [] });
});

test("an empty tree fails", () => {
  expect(checkLayers([], rules).problems).toEqual(["nothing was read: no files or no imports found"]);
});

test("an upward import is printed with both files, also when it is only a type", () => {
  const problems = problemsOf({ "low/bad.ts": '\nimport type { y } from "#top/start.ts";\n' });
  expect(problems).toContain("low/bad.ts:2: low -> top is not allowed: low/bad.ts -> top/start.ts");
});

test("a nested folder has rules of its own; a grant to the parent covers it", () => {
  const nested = { "low/http/get.ts": "export const get = 1;\n" };
  expect(problemsOf({ ...nested, "high/a.ts": 'import { get } from "#low/http/get.ts";\n' })).toEqual([]);
  expect(problemsOf({ ...nested, "high/a.ts": 'import { x } from "#low/x.ts";\n' })).toEqual([
    "high/a.ts:1: high -> low is not allowed: high/a.ts -> low/x.ts",
  ]);
});

test("imports across folders are written with #", () => {
  expect(problemsOf({ "top/a.ts": 'import { x } from "../low/x.ts";\n' })).toEqual([
    "top/a.ts:1: write ../low/x.ts as #low/x.ts",
  ]);
  expect(problemsOf({ "low/deep/a.ts": 'import { x } from "../x.ts";\n' })).toEqual([]);
});

test("files outside of src/ are imported only where granted", () => {
  const line = 'import part from "../../dist/part.so";\n';
  expect(problemsOf({ "low/a.ts": line })).toEqual([]);
  expect(problemsOf({ "top/a.ts": line })).toEqual([
    "top/a.ts:1: ../../dist/part.so is outside of src/ and not in assetGrants",
  ]);
});

test("system modules, packages and Bun stay in the folders granted them", () => {
  expect(problemsOf({ "high/a.ts": 'import { readFileSync } from "node:fs";\n' })).toEqual([
    "high/a.ts:1: imports node:fs, which only host/ may",
  ]);
  expect(problemsOf({ "high/a.ts": 'import { Database } from "bun:sqlite";\n' })).toHaveLength(1);
  expect(problemsOf({ "high/a.ts": "export const v = Bun.version;\n" })).toEqual([
    "high/a.ts:1: uses Bun, which only host/ may",
  ]);
  expect(problemsOf({ "low/a.ts": 'import fs from "node:fs";\nexport const v = Bun.version;\n' })).toEqual([]);
  expect(problemsOf({ "high/a.test.ts": 'import { test } from "bun:test";\n' })).toEqual([]);
});

test("cycles are found through type imports and printed as the way round", () => {
  const problems = problemsOf({
    "low/a.ts": 'import type { B } from "./b.ts";\n',
    "low/b.ts": 'import { c } from "./c.ts";\n',
    "low/c.ts": 'export * from "./a.ts";\n',
  });
  expect(problems).toEqual(["import cycle: low/a.ts -> low/b.ts -> low/c.ts -> low/a.ts"]);
});

test("missing targets, default exports, long files and odd names are reported", () => {
  expect(problemsOf({ "low/a.ts": 'export { z } from "./z.ts";\n' })).toEqual([
    "low/a.ts:1: ./z.ts is not there (src/low/z.ts)",
  ]);
  expect(problemsOf({ "low/a.ts": "export default 1;\n" })).toEqual(["low/a.ts:1: default export; name it"]);
  expect(problemsOf({ "low/a.ts": "\n".repeat(11) })).toHaveLength(1);
  expect(problemsOf({ "low/long.ts": "\n".repeat(11) })).toEqual([]);
  expect(problemsOf({ "low/myFile.ts": "" })).toEqual(["low/myFile.ts: file names are kebab-case"]);
  expect(problemsOf({ "low/utils.ts": "" })).toHaveLength(1);
});

test("a folder without an entry is reported", () => {
  expect(problemsOf({ "stray/a.ts": "" })).toEqual(["stray/a.ts: no layer in tools/layers.ts covers this folder"]);
});

test("the allow-list must not allow a cycle", () => {
  const cyclic: readonly Layer[] = [
    { folder: "a", may: ["b"], reason: "r" },
    { folder: "b", may: ["a"], reason: "r" },
  ];
  expect(checkLayers([], { ...rules, layers: cyclic }).problems[0]).toBe(
    "layers.ts: the allow-list has a cycle: a -> b -> a",
  );
});

test("the project's own list holds its promises", () => {
  const may = (from: string): readonly string[] => layers.find((layer) => layer.folder === from)?.may ?? [];
  expect(may("base")).toEqual([]);
  expect(may("image")).not.toContain("remote");
  expect(may("cli")).not.toContain("engine");
  expect(may("engine")).not.toContain("server");
  expect(pureModules.has("node:fs")).toBe(false);
});
