import { expect, test } from "bun:test";
import { cleanedPath, unescapePath } from "./clean-path.ts";

test("escapes are bytes, and what is no UTF-8 is replaced", () => {
  expect(unescapePath("/a%20b/%C3%BC")).toBe("/a b/ü");
  expect(unescapePath("/%ff")).toBe("/\ufffd");
  expect(unescapePath("/ü%00")).toBe("/ü\0");
  expect(() => unescapePath("/%zz")).toThrow("invalid URL escape in path");
  expect(() => unescapePath("/a%2")).toThrow("invalid URL escape in path");
});

test("a path that is not clean leads to one that is", () => {
  expect(cleanedPath("/containers/a/json")).toBeUndefined();
  expect(cleanedPath("/containers/a%2Fb/")).toBeUndefined();
  expect(cleanedPath("//containers//a/json")).toBe("/containers/a/json");
  expect(cleanedPath("/containers/%2e%2e/json")).toBe("/json");
  expect(cleanedPath("/containers/./a b/")).toBe("/containers/a%20b/");
});
