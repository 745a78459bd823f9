import { expect, test } from "bun:test";
import {
  absoluteLocal,
  followedPath,
  lastPart,
  parseCopyArgument,
  planCopy,
  renamed,
  splitEntry,
  type CopyInfo,
} from "./copy-path.ts";

test.each([
  ["c:/x", "c", "/x"],
  ["c:", "c", ""],
  ["c:x:y", "c", "x:y"],
  ["/a:b", "", "/a:b"],
  ["./a:b", "", "./a:b"],
  ["../a:b", "", "../a:b"],
  ["file", "", "file"],
  ["-", "", "-"],
])("%j names %j in %j", (text, container, path) => {
  expect(parseCopyArgument(text)).toEqual({ container, path });
});

test.each([
  ["a", "/w/a"],
  ["a/", "/w/a/"],
  ["a/.", "/w/a/."],
  [".", "/w/."],
  ["", "/w/."],
  ["./", "/w/./"],
  ["..", "/"],
  ["/x//y/", "/x/y/"],
  ["/", "/"],
])("%j is %j", (path, absolute) => {
  expect(absoluteLocal(path, "/w")).toBe(absolute);
});

test.each([
  ["/a/b", "/a", "b"],
  ["/a/b/", "/a", "b"],
  ["/a/b/.", "/a/b", "."],
  ["/", "/", "/"],
  ["a", ".", "a"],
])("%j is %j and %j", (path, directory, name) => {
  expect(splitEntry(path)).toEqual({ directory, name });
});

test("the last part", () => {
  expect(["/", "", "a/b//", "/a", "a/."].map(lastPart)).toEqual(["/", ".", "b", "a", "."]);
});

test("a followed link keeps the end and the name that were asked for", () => {
  expect(followedPath("/l", "/d/f")).toEqual({ path: "/d/f", rebaseName: "l" });
  expect(followedPath("/x/f", "/d/f")).toEqual({ path: "/d/f", rebaseName: "" });
  expect(followedPath("/l/", "/d")).toEqual({ path: "/d/", rebaseName: "l" });
  expect(followedPath("/l/.", "/d")).toEqual({ path: "/d/.", rebaseName: "" });
});

const info = (path: string, kind: "file" | "directory" | "missing", rebaseName = ""): CopyInfo => ({
  path,
  exists: kind !== "missing",
  isDirectory: kind === "directory",
  rebaseName,
});

test.each<[CopyInfo, CopyInfo, string, string | undefined]>([
  [info("/s/f", "file"), info("/d", "directory"), "/d", undefined],
  [info("/s/f", "file"), info("/d/g", "file"), "/d", "f>g"],
  [info("/s/f", "file"), info("/d/g", "missing"), "/d", "f>g"],
  [info("/s/f", "file", "n"), info("/d/g", "missing"), "/d", "n>g"],
  [info("/s", "directory"), info("/d", "directory"), "/d", undefined],
  [info("/s", "directory"), info("/d/n", "missing"), "/d", "s>n"],
  [info("/s", "directory"), info("/d/n/", "missing"), "/d", "s>n"],
  [info("/s/.", "directory"), info("/d/n", "missing"), "/d", ".>n"],
  [info("/", "directory"), info("/d/n", "missing"), "/d", ">n"],
])("%j to %j", (source, destination, directory, rename) => {
  const plan = planCopy(source, destination);
  expect(plan.directory).toBe(directory);
  expect(plan.rename && `${plan.rename.from}>${plan.rename.to}`).toBe(rename);
});

test.each<[CopyInfo, CopyInfo, string]>([
  [info("/s", "directory"), info("/d/f", "file"), "cannot copy directory"],
  [info("/s/f", "file"), info("/d/n/", "missing"), "no such directory"],
  [info("/s/f", "file"), info("/d/n/.", "missing"), "no such directory"],
])("%j to %j is refused", (source, destination, message) => {
  expect(() => planCopy(source, destination)).toThrow(message);
});

test("the first occurrence in a name is replaced", () => {
  expect(renamed("a/a/b", { from: "a", to: "ü" })).toBe("\xc3\xbc/a/b");
  expect(renamed("./x", { from: ".", to: "n" })).toBe("n/x");
  expect(renamed("/x", { from: "", to: "n" })).toBe("n/x");
  expect(renamed("x", undefined)).toBe("x");
});
