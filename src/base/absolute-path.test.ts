import { expect, test } from "bun:test";
import { join } from "node:path/posix";
import { absolutePath } from "./absolute-path.ts";

test.each([
  "",
  ".",
  "./",
  "a",
  "a/b",
  "a//b",
  "./a/./b",
  "../a",
  "a/..",
  "../..",
  "../../..",
  "a/",
  "a/../",
  "../../../",
  " ",
])("%j as node:path has it", (path) => {
  for (const from of ["/work/dir", "/", "/a"]) expect(absolutePath(path, from)).toBe(join(from, path));
});

test("an absolute path stays as it is", () => {
  expect(absolutePath("/a/../b//", "/work")).toBe("/a/../b//");
});
