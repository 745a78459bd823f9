import { expect, test } from "bun:test";
import { memberPath } from "./member-path.ts";

test.each([
  ["a", "", "a"],
  ["a/b/c", "a/b", "c"],
  ["./a/b/", "a", "b"],
  ["/etc/passwd", "etc", "passwd"],
  ["a//b/./c", "a/b", "c"],
  ["a/../b", "", "b"],
  ["/../../b", "", "b"],
  ["a/..", "", ""],
  ["./", "", ""],
  ["/", "", ""],
  ["", "", ""],
  ["..a/b..", "..a", "b.."],
  [".hidden/.x", ".hidden", ".x"],
])("%j", (name, directory, last) => {
  const path = memberPath(name, "the layer");
  expect([path.directory, path.name]).toEqual([directory, last]);
  expect(path.key).toBe(directory === "" ? last : `${directory}/${last}`);
});

test.each(["..", "../a", "a/../../b", "./../x", "a\0b"])("%j is refused", (name) => {
  expect(() => memberPath(name, "the layer")).toThrow("is outside of the layer");
});
