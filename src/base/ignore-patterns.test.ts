import { expect, test } from "bun:test";
import { compileIgnore, parseIgnoreFile } from "./ignore-patterns.ts";

const paths = [
  "a",
  "a/b",
  "a/b/c",
  "x.md",
  "a/x.md",
  "README.md",
  "p/node_modules/y",
  "foo",
  "foobar",
  "foo/bar",
  "[x]",
  "temp1",
];

/** Pattern lines and what of `paths` they exclude, as moby/patternmatcher answers. */
const cases: readonly (readonly [string, readonly string[]])[] = [
  ["*.md", ["x.md", "README.md"]],
  ["**/*.md", ["x.md", "a/x.md", "README.md"]],
  ["a/", ["a", "a/b", "a/b/c", "a/x.md"]],
  ["/a/b", ["a/b", "a/b/c"]],
  ["a/*", ["a/b", "a/b/c", "a/x.md"]],
  ["a/**", ["a/b", "a/b/c", "a/x.md"]],
  ["a\n!a/b", ["a", "a/x.md"]],
  ["*\n!foo", paths.filter((path) => path !== "foo" && path !== "foo/bar")],
  ["**/node_modules", ["p/node_modules/y"]],
  ["foo", ["foo", "foo/bar"]],
  ["f?o", ["foo", "foo/bar"]],
  ["\\[x]", ["[x]"]],
  ["temp?", ["temp1"]],
  ["# comment\n\n  foo*  ", ["foo", "foobar", "foo/bar"]],
  ["*.md\n!README.md", ["x.md"]],
  ["*.md\n!README.md\nREADME*", ["x.md", "README.md"]],
  ["./a/../foo", ["foo", "foo/bar"]],
  ["!foo", []],
  ["", []],
];

for (const [text, excluded] of cases) {
  test(`.dockerignore ${JSON.stringify(text)}`, () => {
    const matcher = compileIgnore(parseIgnoreFile(text));
    expect(paths.filter((path) => matcher.excludes(path))).toEqual([...excluded]);
  });
}

test("patterns are cleaned", () => {
  expect(parseIgnoreFile("\uFEFF/a/\r\n # b\n#c\n!  /d/./e \n.\n")).toEqual(["a", "# b", "!d/e", "."]);
});

test("an excluded folder is entered where an exception may hold", () => {
  const matcher = compileIgnore(["a", "!a/b/c", "d", "e", "!e*/f"]);
  expect(["a", "a/b", "a/x", "d", "e"].filter((path) => matcher.mayHoldExceptions(path))).toEqual(["a", "a/b", "e"]);
});

test("what cannot be read is refused", () => {
  expect(() => compileIgnore(["!"])).toThrow('illegal exclusion pattern: "!"');
  expect(() => compileIgnore(["a["])).toThrow("syntax error in pattern");
});
