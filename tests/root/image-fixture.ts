import { ensureTree } from "#host/files/directories-ahead.ts";
import { removeTree } from "#host/tree/remove-tree.ts";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { silentLog } from "#base/log.ts";
import { BlobStore } from "#content/blob-store.ts";
import { Leases } from "#content/leases.ts";
import { ensureDirectory, readTextFile } from "#host/files/files.ts";
import { HelperPool, type HelperRun, type Helpers } from "#host/helpers/helper-pool.ts";
import { FetchHttp, type RegistryHttp } from "#host/web/registry-http.ts";
import { LocalImages } from "#image/local-images.ts";
import { SYNC_TASK } from "#image/sync-task.ts";
import type { ImageService, Progress } from "#image/types.ts";
import { RegistrySources } from "#remote/registry-sources.ts";
import { LayerDirectories } from "#snapshot/layer-directories.ts";
import { OverlaySnapshotter } from "#snapshot/overlay-snapshotter.ts";
import { platformOfHost } from "#spec/oci/platform.ts";
import type { Descriptor } from "#spec/oci/image.ts";
import { openState } from "#state/db.ts";
import { ImageStore } from "#state/image-store.ts";
import { LayerStore } from "#state/layer-store.ts";
import { Layout } from "#state/layout.ts";
import { SnapshotStore } from "#state/snapshot-store.ts";

const helperCommand = [process.execPath, new URL("../../src/main/berth.ts", import.meta.url).pathname, ".helper"];

const endless: HelperRun = { result: new Promise(() => {}), send() {}, abort() {} };

/** The image side as the engine composes it, on a data root of its own. */
export interface ImageFixture {
  readonly layout: Layout;
  readonly images: LocalImages;
  readonly snapshots: OverlaySnapshotter;
  readonly blobs: BlobStore;
  readonly layers: LayerDirectories;
  readonly leases: Leases;
  readonly registries: RegistrySources;
  /** Pull and collect the progress. */
  pull(
    reference: string,
    more?: Partial<Parameters<ImageService["pull"]>[0]>,
  ): Promise<{ readonly image: Awaited<ReturnType<ImageService["pull"]>>; readonly lines: readonly Progress[] }>;
  /** Everything below the data root that a failed or finished act must not leave: unfinished layers and blobs. */
  unfinished(): readonly string[];
  /** From now on nothing is known to be on the disk, until another boot. */
  holdSyncs(): void;
  /** As after a kill: the same files, a new engine. */
  reopen(bootId?: string): Promise<ImageFixture>;
  /** Close and delete everything. */
  dispose(): Promise<void>;
}

export async function openImageFixture(
  root?: string,
  bootId?: string,
  http: RegistryHttp = new FetchHttp(),
  syncs = true,
): Promise<ImageFixture> {
  const dataRoot = root ?? mkdtempSync(`${tmpdir()}/berth-image-`);
  const layout = new Layout({ dataRoot, execRoot: `${dataRoot}/run` });
  for (const [path, mode] of layout.directories) ensureDirectory(path, mode);
  const database = openState(layout.database);
  const boot = bootId ?? readTextFile("/proc/sys/kernel/random/boot_id", 100).trim();
  const rows = new ImageStore<Descriptor>({ database, validateManifest: (value) => value as Descriptor });
  const layers = new LayerDirectories({ rows: new LayerStore({ database }), paths: layout, bootId: boot });
  const blobs = new BlobStore({ paths: layout });
  const leases = new Leases();
  const pool = new HelperPool({ command: helperCommand, size: 2 });
  let isSyncing = syncs;
  const helpers: Helpers = {
    start: (task, ...rest) => (task === SYNC_TASK && !isSyncing ? endless : pool.start(task, ...rest)),
    warm: () => pool.warm(),
    close: () => pool.close(),
  };
  const sources = new RegistrySources({
    http,
    settings: { insecureRegistries: [], mirrors: [], rules: [], certificateDirs: [], downloadAttempts: 5 },
  });
  const images = new LocalImages({
    rows,
    blobs,
    leases,
    layers,
    sources,
    helpers,
    log: silentLog,
    hostPlatform: platformOfHost(process.arch),
    bootId: boot,
    dataRoot,
    now: () => new Date().toISOString(),
  });
  const snapshots = new OverlaySnapshotter({
    makeTree: (path) => ensureTree(path, layout.snapshotTree),
    discard: removeTree,
    rows: new SnapshotStore({ database }),
    paths: layout,
    layers,
    onReleased: (diffIds) => images.release(diffIds),
  });
  await images.reconcile();
  await snapshots.reconcile();
  const close = (): void => {
    images.close();
    helpers.close();
    database.close();
  };
  return {
    layout,
    images,
    snapshots,
    blobs,
    layers,
    leases,
    registries: sources,
    async pull(reference, more = {}) {
      const lines: Progress[] = [];
      const image = await images.pull({ reference, onProgress: (line) => lines.push(line), ...more });
      return { image, lines };
    },
    unfinished: () => [
      ...readdirSync(layout.ingestDir),
      ...readdirSync(layout.layersDir).filter((name) => !/^[0-9]+$/.test(name)),
      ...readdirSync(layout.snapshotsDir).filter((name) => name.startsWith(".")),
    ],
    holdSyncs: () => (isSyncing = false),
    async reopen(nextBootId) {
      close();
      return openImageFixture(dataRoot, nextBootId ?? boot, http, isSyncing || nextBootId !== undefined);
    },
    async dispose() {
      close();
      rmSync(dataRoot, { recursive: true, force: true });
    },
  };
}
