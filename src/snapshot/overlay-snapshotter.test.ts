import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { ensureTree } from "#host/files/directories-ahead.ts";
import { ensureDirectory } from "#host/files/files.ts";
import { openState } from "#state/db.ts";
import { LayerStore } from "#state/layer-store.ts";
import { Layout } from "#state/layout.ts";
import { removeTree } from "#host/tree/remove-tree.ts";
import { SnapshotStore } from "#state/snapshot-store.ts";
import { LayerDirectories } from "./layer-directories.ts";
import { OverlaySnapshotter } from "./overlay-snapshotter.ts";
import { snapshotterSuite } from "./snapshotter.suite.ts";

snapshotterSuite("OverlaySnapshotter", async () => {
  const dataRoot = mkdtempSync(`${tmpdir()}/berth-snapshots-`);
  const layout = new Layout({ dataRoot, execRoot: `${dataRoot}/run` });
  for (const path of [layout.layersDir, layout.snapshotsDir]) ensureDirectory(path, 0o700);
  const database = openState(":memory:");
  const layers = new LayerDirectories({ rows: new LayerStore({ database }), paths: layout, bootId: "boot" });
  const diffIds = ["a", "b", "c"].map((letter) => `sha256:${letter.repeat(64)}`);
  for (const diffId of diffIds) await layers.begin().commit(diffId, 0);
  return {
    snapshotter: new OverlaySnapshotter({
      rows: new SnapshotStore({ database }),
      paths: layout,
      layers,
      makeTree: (path) => ensureTree(path, layout.snapshotTree),
      discard: removeTree,
    }),
    diffIds,
    leftovers: () => readdirSync(layout.snapshotsDir),
    async dispose() {
      database.close();
      rmSync(dataRoot, { recursive: true, force: true });
    },
  };
});
