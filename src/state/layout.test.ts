import { expect, test } from "bun:test";

import { Layout } from "./layout.ts";

const layout = new Layout({ dataRoot: "/data", execRoot: "/run/x" });

test("every path lies under one of the two roots", () => {
  const paths = [
    layout.database,
    layout.blob("sha256:ab"),
    layout.containerLog("c"),
    layout.volumeData("v"),
    layout.socket,
  ];
  for (const path of paths) expect(path).toMatch(/^\/(data|run\/x)\//);
  expect(layout.blob("sha256:ab")).toBe("/data/content/blobs/sha256/ab");
});

test("directories to create come parents first", () => {
  const made = new Set<string>();
  for (const [path] of layout.directories) {
    const parent = path.slice(0, path.lastIndexOf("/"));
    if (path !== layout.dataRoot && path !== layout.execRoot) expect(made.has(parent)).toBe(true);
    made.add(path);
  }
});
