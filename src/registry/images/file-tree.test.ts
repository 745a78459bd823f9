import { expect, test } from "bun:test";
import { FileTree, type ListedFile } from "./file-tree.ts";

const file = (layer: number, type: ListedFile["type"] = "file"): ListedFile => ({
  type,
  sizeBytes: 1,
  mode: 0o644,
  linkTarget: "",
  layer,
});
const names = (tree: FileTree, ...path: readonly string[]): readonly string[] | undefined =>
  tree.list(path)?.map(([name]) => name);

test("later layers replace, hide and empty what is below them, and nothing of their own", () => {
  const tree = new FileTree();
  for (const path of ["a/one", "a/two", "b/deep/x", "c", "d/x"]) tree.put(path.split("/"), file(0));
  tree.put(["a", "own"], file(1));
  tree.remove(["a", "one"], 1);
  tree.remove(["a", "own"], 1);
  tree.put(["b", "new"], file(1));
  tree.clear(["b"], 1);
  tree.put(["c"], file(1, "directory"));
  tree.put(["d"], file(1));
  expect(names(tree)).toEqual(["a", "b", "c", "d"]);
  expect(names(tree, "a")).toEqual(["own", "two"]);
  expect(names(tree, "b")).toEqual(["new"]);
  expect(names(tree, "c")).toEqual([]);
  expect(names(tree, "d")).toBeUndefined();
  expect(names(tree, "none")).toBeUndefined();
  tree.clear([], 2);
  expect(names(tree)).toEqual([]);
});

test("a folder that is whited out and made anew in one layer has what the layer brought", () => {
  const tree = new FileTree();
  tree.put(["a", "old"], file(0));
  tree.remove(["a"], 1);
  tree.put(["a", "new"], file(1));
  tree.remove(["a"], 1);
  expect(names(tree, "a")).toEqual(["new"]);
});

test("many whiteouts over many files are no more work than the files", () => {
  const tree = new FileTree();
  for (let at = 0; at < 50_000; at += 1) tree.put(["d", `f${at}`], file(0));
  for (let at = 0; at < 50_000; at += 1) tree.put(["d", `g${at}`], file(1));
  // Each by itself reads 100,000 names: done naively, this does not end.
  for (let at = 0; at < 50_000; at += 1) tree.clear(["d"], 1);
  expect(tree.list(["d"])?.length).toBe(50_000);
});

test("paths that no kernel takes are left out", () => {
  const tree = new FileTree();
  tree.put(["x".repeat(256)], file(0));
  tree.put(
    Array.from({ length: 3000 }, () => "a"),
    file(0),
  );
  expect([tree.size, names(tree)]).toEqual([0, []]);
});
