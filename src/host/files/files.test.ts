import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";

import {
  ensureDirectory,
  exists,
  listDirectory,
  parentOf,
  readFile,
  readTextFile,
  readTextFileMaybe,
  removeFile,
  writeControlFile,
  writeFileAtomic,
} from "./files.ts";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(`${tmpdir()}/berth-files-`);
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test("a file is replaced with exactly the mode asked for and nothing is left beside it", () => {
  const path = `${directory}/file`;
  writeFileAtomic(path, "one", { mode: 0o666 });
  expect(lstatSync(path).mode & 0o777).toBe(0o666);
  const before = lstatSync(path).ino;
  writeFileAtomic(path, new TextEncoder().encode("two"), { mode: 0o600 });
  expect(readFileSync(path, "utf8")).toBe("two");
  expect(lstatSync(path).ino).not.toBe(before);
  expect(readdirSync(directory)).toEqual(["file"]);
});

test("a failed replacement leaves nothing", () => {
  mkdirSync(`${directory}/taken`);
  writeFileSync(`${directory}/taken/x`, "");
  expect(() => writeFileAtomic(`${directory}/taken`, "x", { mode: 0o600 })).toThrow(
    expect.objectContaining({ code: "EISDIR" }),
  );
  expect(() => writeFileAtomic(`${directory}/no/file`, "x", { mode: 0o600 })).toThrow(
    expect.objectContaining({ code: "ENOENT" }),
  );
  expect(readdirSync(directory)).toEqual(["taken"]);
});

test("reading is bounded and works on files without a size", () => {
  const path = `${directory}/file`;
  writeFileSync(path, "x".repeat(10_000));
  expect(readFile(path, 10_000)).toHaveLength(10_000);
  expect(() => readFile(path, 9_999)).toThrow(expect.objectContaining({ kind: "invalid-parameter" }));
  expect(readTextFile("/proc/self/status", 1 << 20)).toContain("\nPid:");
  expect(readTextFileMaybe(`${directory}/none`, 1)).toBeUndefined();
  expect(readTextFileMaybe(`${path}/none`, 1)).toBeUndefined();
});

test("control files must exist", () => {
  expect(() => writeControlFile(`${directory}/none`, "1")).toThrow(expect.objectContaining({ code: "ENOENT" }));
  writeFileSync(`${directory}/control`, "");
  writeControlFile(`${directory}/control`, "1");
  expect(readFileSync(`${directory}/control`, "utf8")).toBe("1");
});

test("directories are made with their parents and brought to their mode", () => {
  const path = `${directory}/a/b/c`;
  ensureDirectory(path, 0o701);
  expect(lstatSync(path).mode & 0o7777).toBe(0o701);
  chmodSync(path, 0o755);
  ensureDirectory(path, 0o701);
  expect(lstatSync(path).mode & 0o7777).toBe(0o701);
  writeFileSync(`${directory}/file`, "");
  expect(() => ensureDirectory(`${directory}/file`, 0o700)).toThrow(expect.objectContaining({ kind: "conflict" }));
});

test("names", () => {
  writeFileSync(`${directory}/log`, "");
  symlinkSync("nowhere", `${directory}/dangling`);
  expect(listDirectory(directory).sort()).toEqual(["dangling", "log"]);
  expect(listDirectory(`${directory}/none`)).toEqual([]);
  expect(exists(`${directory}/dangling`)).toBe(true);
  expect(removeFile(`${directory}/dangling`)).toBe(true);
  expect(removeFile(`${directory}/dangling`)).toBe(false);
  expect(["/a/b", "/a", "/a/b/", "a", "a/b"].map(parentOf)).toEqual(["/a", "/", "/a", ".", "a"]);
});
