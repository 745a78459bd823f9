import { expect, test } from "bun:test";
import { parseKeyValueLines } from "./key-value-file.ts";

test("comments, blanks, byte order mark and bare names", () => {
  const content = "\uFEFF# a\n\n  A=1 # not a comment\r\nB=\nKNOWN\nUNKNOWN\n";
  expect(parseKeyValueLines(content, (name) => (name === "KNOWN" ? "k" : undefined))).toEqual([
    "A=1 # not a comment",
    "B=",
    "KNOWN=k",
  ]);
  expect(parseKeyValueLines("BARE\n")).toEqual([]);
});

test.each([
  ["A B=1", "variable 'A B' contains whitespaces"],
  ["=x", "no variable name on line '=x'"],
])("%j", (line, message) => {
  expect(() => parseKeyValueLines(line)).toThrow(message);
});
