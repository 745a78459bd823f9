import type { Log } from "#base/log.ts";
import { BlobStore } from "#content/blob-store.ts";
import { Leases } from "#content/leases.ts";
import type { SqlDatabase } from "#host/bun/sqlite.ts";
import { DirectoriesAhead, type DirectoryTree } from "#host/files/directories-ahead.ts";
import { Trash } from "#host/files/trash.ts";
import type { Helpers } from "#host/helpers/helper-pool.ts";
import { bootId } from "#host/processes/process.ts";
import { LocalImages } from "#image/local-images.ts";
import { descriptorOf } from "#image/rows.ts";
import type { RegistrySources } from "#remote/registry-sources.ts";
import { LayerDirectories } from "#snapshot/layer-directories.ts";
import { OverlaySnapshotter } from "#snapshot/overlay-snapshotter.ts";
import { platformOfHost } from "#spec/oci/platform.ts";
import { openState } from "#state/db.ts";
import { ImageStore } from "#state/image-store.ts";
import { LayerStore } from "#state/layer-store.ts";
import type { Layout } from "#state/layout.ts";
import { SnapshotStore } from "#state/snapshot-store.ts";
import type { LiveSettings } from "./live-settings.ts";

export interface OpenStorage {
  readonly database: SqlDatabase;
  readonly trash: Trash;
  readonly layers: LayerDirectories;
  readonly blobs: BlobStore;
  readonly images: LocalImages;
  readonly snapshots: OverlaySnapshotter;
  /** The directories of new containers. */
  readonly containersAhead: DirectoriesAhead;
  /** When the engine has recovered: directories before they are asked for. */
  openAhead(): Promise<void>;
  closeAhead(): Promise<void>;
}

/** Rows, blobs, layers, images and snapshots below the data root. */
export function openStorage(deps: {
  readonly live: LiveSettings;
  readonly layout: Layout;
  readonly log: Log;
  readonly helpers: Helpers;
  readonly sources: RegistrySources;
  /** RFC 3339. */
  readonly now: () => string;
}): OpenStorage {
  const { live, layout, log, helpers, sources, now } = deps;
  const database = openState(layout.database);
  const trash = new Trash({ directory: layout.tmpDir, log });
  const layers = new LayerDirectories({ rows: new LayerStore({ database }), paths: layout, bootId: bootId() });
  const blobs = new BlobStore({ paths: layout });
  const images = new LocalImages({
    rows: new ImageStore({ database, validateManifest: descriptorOf }),
    blobs,
    leases: new Leases(),
    layers,
    sources,
    helpers,
    log: log.with({ part: "images" }),
    hostPlatform: platformOfHost(process.arch),
    bootId: bootId(),
    dataRoot: layout.dataRoot,
    now,
    maxDownloads: () => live.current.concurrentDownloads,
    maxUploads: () => live.current.concurrentUploads,
  });
  const ahead = (directory: string, tree: DirectoryTree): DirectoriesAhead =>
    new DirectoriesAhead({ directory, tree, log });
  const snapshotsAhead = ahead(layout.snapshotsAheadDir, layout.snapshotTree);
  const containersAhead = ahead(layout.containersAheadDir, layout.containerTree);
  const snapshots = new OverlaySnapshotter({
    rows: new SnapshotStore({ database }),
    paths: layout,
    layers,
    initLayer: layout.initLayerTree,
    makeTree: (path) => snapshotsAhead.make(path),
    discard: (path) => trash.discard(path),
    onReleased: (diffIds) => images.release(diffIds),
  });
  const both = [snapshotsAhead, containersAhead];
  return {
    database,
    trash,
    layers,
    blobs,
    images,
    snapshots,
    containersAhead,
    async openAhead() {
      for (const one of both) await one.open();
    },
    async closeAhead() {
      for (const one of both) await one.close();
    },
  };
}
