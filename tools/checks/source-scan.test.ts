import { expect, test } from "bun:test";
import { defaultExportsOf, importsOf, tokenize, usesOf } from "./source-scan.ts";

const specifiers = (source: string): string[] => importsOf(tokenize(source)).map((edge) => edge.specifier);

test("every form of import is an edge", () => {
  expect(
    specifiers(`
      import "./side.ts";
      import a from "a";
      import * as b from 'b';
      import c, { d as e } from "c";
      import type { F } from "f";
      import { type G } from "g";
      export { h } from "h";
      export * from "i";
      export * as j from "j";
      export type { K } from "k";
      const l = await import("l");
      const m = require("m");
      let n: import("n").Type;
    `),
  ).toEqual(["./side.ts", "a", "b", "c", "f", "g", "h", "i", "j", "k", "l", "m", "n"]);
});

test("comments, strings, templates and regular expressions are not code", () => {
  expect(
    specifiers(`
      // import "x1";
      /* import "x2"; */
      const s = 'import "x3"';
      const t = \`import "x4" \${ f("}", \`\${1}\`) } import "x5"\`;
      const r = /import "x6"/.test(s) / 2;
      const o = { import: 1, from: "x7" };
      thing.import("x8");
      import "real";
    `),
  ).toEqual(["real"]);
});

test("declarations after export are not edges", () => {
  expect(specifiers('export const from = "x"; export function f() { return "y"; } export { a, b };')).toEqual([]);
});

test("line numbers survive multi-line text", () => {
  const [edge] = importsOf(tokenize('/* a\n b */\nconst t = `\n\n${1}\n`;\nimport type { X } from "x";'));
  expect(edge).toEqual({ specifier: "x", line: 7, typeOnly: true });
});

test("default exports and free names", () => {
  expect(defaultExportsOf(tokenize("const a = 1;\nexport default a;"))).toEqual([2]);
  expect(usesOf(tokenize("Bun.file(1);\nx.Bun;\ny = { Bun: 1 };\nf(...Bun.argv)"), "Bun")).toEqual([1, 4]);
});
