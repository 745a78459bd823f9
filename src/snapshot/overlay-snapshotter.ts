import { BerthError } from "#base/errors.ts";
import { randomHex } from "#base/ids.ts";
import { limitDirectory, projectOf } from "#host/files/project-quota.ts";
import { ensureDirectory, exists, listDirectory } from "#host/files/files.ts";
import { removeTree } from "#host/tree/remove-tree.ts";
import { treeUsage, type TreeUsage } from "./tree-usage.ts";
import type { LayerDirectory, RootMount, Snapshotter } from "./types.ts";

/** Rows of snapshots; implemented by `state/snapshot-store.ts`. */
export interface SnapshotRows {
  insert(key: string, diffIds: readonly string[]): void;
  layersOf(key: string): readonly string[] | undefined;
  keys(): readonly string[];
  delete(key: string): boolean;
}

export interface SnapshotPaths {
  readonly snapshotsDir: string;
  snapshotDir(key: string): string;
  snapshotUpper(key: string): string;
  snapshotWork(key: string): string;
}

const KEY = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;

/**
 * Snapshots as overlayfs directories: `upper` takes the container's writes, `work` is overlayfs' own. Nothing is mounted
 * here: the mount belongs to the container's mount namespace and goes with it.
 *
 * The row comes first and the directories follow, so that a crash leaves a row whose directories {@link mount} makes
 * again; a removed one loses its name before its row goes, so that no half-removed tree is ever mounted.
 */
export class OverlaySnapshotter implements Snapshotter {
  readonly #rows: SnapshotRows;
  readonly #paths: SnapshotPaths;
  readonly #layers: { find(diffId: string): LayerDirectory | undefined };
  readonly #initLayers: readonly string[];
  readonly #makeTree: (path: string) => void;
  readonly #discard: (path: string) => Promise<void>;
  readonly #onReleased: (diffIds: readonly string[]) => Promise<void>;

  /**
   * `discard` takes a directory away, its name at once; no error when it is missing. `onReleased` hears which layers a
   * removed snapshot no longer holds: no image may hold them either.
   */
  constructor(deps: {
    readonly rows: SnapshotRows;
    readonly paths: SnapshotPaths;
    readonly layers: { find(diffId: string): LayerDirectory | undefined };
    /** Laid over the image's layers, see init-layer.ts. */
    readonly initLayer?: string;
    /** Make what is missing of a snapshot's directories, `work` last. */
    readonly makeTree: (path: string) => void;
    readonly discard: (path: string) => Promise<void>;
    readonly onReleased?: (diffIds: readonly string[]) => Promise<void>;
  }) {
    this.#rows = deps.rows;
    this.#paths = deps.paths;
    this.#layers = deps.layers;
    this.#initLayers = deps.initLayer === undefined ? [] : [deps.initLayer];
    this.#makeTree = deps.makeTree;
    this.#discard = deps.discard;
    this.#onReleased = deps.onReleased ?? (async () => {});
  }

  /** Remove directories that no row names. Call at start. */
  async reconcile(): Promise<void> {
    const known = new Set(this.#rows.keys());
    for (const name of listDirectory(this.#paths.snapshotsDir)) {
      if (!known.has(name)) await removeTree(`${this.#paths.snapshotsDir}/${name}`);
    }
  }

  async prepare(key: string, diffIds: readonly string[], limitBytes?: number): Promise<RootMount> {
    checkKey(key);
    const present = this.#rows.layersOf(key);
    if (present !== undefined && !isSame(present, diffIds))
      throw new BerthError("conflict", `snapshot ${key} exists with other layers`);
    const layers = this.#find(diffIds);
    if (present === undefined) this.#rows.insert(key, diffIds);
    if (limitBytes !== undefined && !exists(this.#paths.snapshotUpper(key))) this.#limit(key, limitBytes);
    return this.#mount(key, layers, present === undefined);
  }

  async mount(key: string): Promise<RootMount> {
    checkKey(key);
    const diffIds = this.#rows.layersOf(key);
    if (diffIds === undefined) throw noSnapshot(key);
    return this.#mount(key, this.#find(diffIds), false);
  }

  async remove(key: string): Promise<void> {
    checkKey(key);
    const directory = this.#paths.snapshotDir(key);
    const diffIds = this.#rows.layersOf(key) ?? [];
    const project = exists(directory) ? projectOf(directory) : 0;
    // The number may be another's one day, and what is discarded takes its time.
    if (project !== 0) limitDirectory(directory, project, 0);
    await this.#discard(directory);
    this.#rows.delete(key);
    if (diffIds.length > 0) await this.#onReleased(diffIds);
  }

  async usage(key: string): Promise<TreeUsage> {
    checkKey(key);
    if (this.#rows.layersOf(key) === undefined) throw noSnapshot(key);
    const upper = this.#paths.snapshotUpper(key);
    return exists(upper) ? treeUsage(upper) : { sizeBytes: 0, inodes: 0 };
  }

  async keys(): Promise<readonly string[]> {
    return this.#rows.keys();
  }

  /** What is made below the directory from now on, upper and work first of all, counts together. */
  #limit(key: string, limitBytes: number): void {
    const directory = this.#paths.snapshotDir(key);
    ensureDirectory(directory, 0o710);
    const used = new Set(
      listDirectory(this.#paths.snapshotsDir).map((name) => projectOf(this.#paths.snapshotDir(name))),
    );
    let project = randomProject();
    while (used.has(project)) project = randomProject();
    limitDirectory(directory, project, limitBytes);
  }

  #mount(key: string, layers: readonly LayerDirectory[], isNew: boolean): RootMount {
    const directory = this.#paths.snapshotDir(key);
    const upperDir = this.#paths.snapshotUpper(key);
    const workDir = this.#paths.snapshotWork(key);
    if (isNew || !exists(workDir)) this.#makeTree(directory);
    const lowerDirs = [...this.#initLayers, ...new Set(layers.toReversed().map(({ path }) => path))];
    if (lowerDirs.length === 0) {
      // overlayfs wants a lower directory even for an image without layers.
      const empty = `${directory}/empty`;
      ensureDirectory(empty, 0o755);
      lowerDirs.push(empty);
    }
    return { kind: "overlay", lowerDirs, upperDir, workDir };
  }

  #find(diffIds: readonly string[]): readonly LayerDirectory[] {
    return diffIds.map((diffId) => {
      const layer = this.#layers.find(diffId);
      if (layer === undefined) throw new BerthError("not-found", `layer ${diffId} does not exist`);
      return layer;
    });
  }
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((diffId, index) => diffId === other[index]);
}

/** Numbers of snapshots; volumes have others (volume/local-settings.ts). */
function randomProject(): number {
  return 0x2000_0000 + (Number.parseInt(randomHex(4), 16) % 0x1000_0000);
}

function checkKey(key: string): void {
  if (!KEY.test(key)) throw new BerthError("invalid-parameter", `invalid snapshot key ${JSON.stringify(key)}`);
}

function noSnapshot(key: string): BerthError {
  return new BerthError("not-found", `snapshot ${key} does not exist`);
}
