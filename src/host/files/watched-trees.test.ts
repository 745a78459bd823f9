import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { watchTrees, type WatchedTrees } from "./watched-trees.ts";

let folder = "";
let watched: WatchedTrees | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "watched-"));
  mkdirSync(join(folder, "src/deep"), { recursive: true });
  mkdirSync(join(folder, "skipped"));
});
afterEach(() => {
  watched?.close();
  rmSync(folder, { recursive: true });
});

const changes = async (): Promise<readonly string[]> =>
  ((await watched?.next(50)) ?? []).map((path) => path.slice(folder.length + 1));

test("files that come, change and go, in folders at every depth and in those that come later", async () => {
  watched = watchTrees([folder], (path) => path.endsWith("/skipped"));
  writeFileSync(join(folder, "src/deep/a"), "1");
  writeFileSync(join(folder, "skipped/b"), "1");
  expect(await changes()).toEqual(["src/deep/a"]);
  mkdirSync(join(folder, "new/below"), { recursive: true });
  writeFileSync(join(folder, "new/below/c"), "1");
  expect(await changes()).toEqual(["new", "new/below", "new/below/c"]);
  writeFileSync(join(folder, "new/below/c"), "2");
  expect(await changes()).toEqual(["new/below/c"]);
  renameSync(join(folder, "new"), join(folder, "old"));
  expect(await changes()).toEqual(["new", "old", "old/below", "old/below/c"]);
  rmSync(join(folder, "old/below"), { recursive: true });
  expect(await changes()).toContain("old/below");
});

test("one file, also when an editor puts another in its place", async () => {
  const file = join(folder, "one");
  writeFileSync(file, "1");
  watched = watchTrees([file], () => false);
  writeFileSync(join(folder, "other"), "1");
  writeFileSync(join(folder, "one.tmp"), "2");
  renameSync(join(folder, "one.tmp"), file);
  expect(await changes()).toEqual(["one"]);
});

test("nothing more after the end", async () => {
  watched = watchTrees([folder], () => false);
  const next = watched.next(50);
  watched.close();
  expect(await next).toBeUndefined();
  expect(() => watchTrees([join(folder, "missing")], () => false)).toThrow("ENOENT");
});
