import { BerthError } from "#base/errors.ts";
import { randomHex } from "#base/ids.ts";
import { ensureDirectory, exists, listDirectory } from "#host/files/files.ts";
import { AT_FDCWD } from "#host/kernel/linux.ts";
import { removeTree } from "#host/tree/remove-tree.ts";
import { renameat2 } from "#host/kernel/syscalls.ts";
import type { LayerRow } from "#state/layer-store.ts";
import type { LayerDirectory } from "./types.ts";

/** See init-layer.ts. */
const INIT_LAYER = "init";

/** Rows of layers; implemented by `state/layer-store.ts`. */
export interface LayerRows {
  insert(row: LayerRow): void;
  find(diffId: string): LayerRow | undefined;
  findNumber(number: number): LayerRow | undefined;
  isHeldElsewhere(diffId: string): boolean;
  name(number: number, diffId: string, sizeBytes: number): void;
  all(): readonly LayerRow[];
  deleteUnused(diffId: string): boolean;
  markSynced(number: number): void;
}

export interface LayerPaths {
  readonly layersDir: string;
  layerDir(layer: number): string;
  layerTree(layer: number): string;
  newLayerDir(random: string): string;
}

/** A layer by the number of its directory, which it keeps for life. */
export interface NumberedLayer extends LayerDirectory {
  readonly number: number;
}

/** A layer being unpacked; nobody sees it before it is committed. */
export interface PendingLayer {
  /** Empty directory (root, 0755) for the layer's tree. */
  readonly treePath: string;
  /** Make an empty directory beside the tree, for the work of an overlay mount whose upper the tree is; gone with `keep`. */
  makeWork(): string;
  /**
   * Make it a layer whose diff id nobody has asked for yet. It has a made-up one (`pending:…`) until
   * {@link LayerDirectories.name}.
   */
  keep(sizeBytes: number): Promise<NumberedLayer>;
  /** Make it the layer `diffId`. When another made that layer meanwhile, theirs stays and this one goes. */
  commit(diffId: string, sizeBytes: number): Promise<LayerDirectory>;
  /** Remove what was unpacked. */
  abort(): Promise<void>;
}

/**
 * The unpacked layers of all images, once per diff id:
 *
 *   .new-<random> ── rename ──▶ <number> ── row written ──▶ visible ── row deleted ──▶ .new-<random> ──▶ gone
 *
 * A directory without a row is garbage of a crash and goes in {@link reconcile}.
 */
export class LayerDirectories {
  readonly #rows: LayerRows;
  readonly #paths: LayerPaths;
  readonly #bootId: string;
  #nextNumber = 1;

  /** `bootId`: /proc/sys/kernel/random/boot_id, see `LayerRow.bootId`. */
  constructor(deps: { readonly rows: LayerRows; readonly paths: LayerPaths; readonly bootId: string }) {
    this.#rows = deps.rows;
    this.#paths = deps.paths;
    this.#bootId = deps.bootId;
    for (const row of deps.rows.all()) this.#nextNumber = Math.max(this.#nextNumber, row.number + 1);
  }

  /** Remove directories that no row names. Call before anything is unpacked. */
  async reconcile(): Promise<void> {
    const known = new Set([INIT_LAYER, ...this.#rows.all().map((row) => String(row.number))]);
    for (const name of listDirectory(this.#paths.layersDir)) {
      if (!known.has(name)) await removeTree(`${this.#paths.layersDir}/${name}`);
    }
  }

  find(diffId: string): LayerDirectory | undefined {
    const row = this.#rows.find(diffId);
    return row === undefined ? undefined : this.#toDirectory(row);
  }

  findNumber(number: number): NumberedLayer | undefined {
    const row = this.#rows.findNumber(number);
    return row === undefined ? undefined : { ...this.#toDirectory(row), number };
  }

  /** The tree of a layer that somebody's row names, which keeps it. */
  treePath(number: number): string {
    return this.#paths.layerTree(number);
  }

  findDiffId(diffId: string): NumberedLayer | undefined {
    const row = this.#rows.find(diffId);
    return row === undefined ? undefined : { ...this.#toDirectory(row), number: row.number };
  }

  /** Does an image or a container stand on it, beside the cache of builds? */
  isHeldElsewhere(diffId: string): boolean {
    return this.#rows.isHeldElsewhere(diffId);
  }

  /** A kept layer's diff id is known now. When another layer has it already, that one is the result and ours stays as it is. */
  name(number: number, diffId: string, sizeBytes: number): LayerDirectory {
    const present = this.find(diffId);
    if (present !== undefined) return present;
    this.#rows.name(number, diffId, sizeBytes);
    return { diffId, path: this.#paths.layerTree(number), sizeBytes };
  }

  /** Layers that may have lost data when the machine stopped: unpacked in an earlier boot and never synced. */
  suspects(): readonly string[] {
    return this.#rows
      .all()
      .filter((row) => row.bootId !== undefined && row.bootId !== this.#bootId)
      .map((row) => row.diffId);
  }

  /** Layers of this boot whose files may still be in memory only. */
  unsynced(): readonly LayerRow[] {
    return this.#rows.all().filter((row) => row.bootId === this.#bootId);
  }

  markSynced(layers: readonly LayerRow[]): void {
    for (const layer of layers) this.#rows.markSynced(layer.number);
  }

  all(): readonly LayerRow[] {
    return this.#rows.all();
  }

  begin(): PendingLayer {
    const directory = this.#paths.newLayerDir(randomHex(8));
    ensureDirectory(directory, 0o710);
    const treePath = `${directory}/fs`;
    ensureDirectory(treePath, 0o755);
    const workPath = `${directory}/work`;
    return {
      treePath,
      makeWork() {
        ensureDirectory(workPath, 0o711);
        return workPath;
      },
      keep: (sizeBytes) => this.#keep(directory, workPath, sizeBytes),
      commit: (diffId, sizeBytes) => this.#commit(directory, diffId, sizeBytes),
      abort: () => removeTree(directory),
    };
  }

  /** Put a damaged layer's new tree in the place of the old one, under the same row. */
  async replace(diffId: string, pending: PendingLayer): Promise<void> {
    const row = this.#rows.find(diffId);
    if (row === undefined) throw new BerthError("not-found", `layer ${diffId} does not exist`);
    const old = this.#paths.newLayerDir(randomHex(8));
    const next = pending.treePath.slice(0, pending.treePath.lastIndexOf("/"));
    if (exists(this.#paths.layerDir(row.number))) renameat2(AT_FDCWD, this.#paths.layerDir(row.number), AT_FDCWD, old);
    renameat2(AT_FDCWD, next, AT_FDCWD, this.#paths.layerDir(row.number));
    await removeTree(old);
  }

  /** Delete a layer that no image and no snapshot names. False when it is in use or gone. */
  async deleteUnused(diffId: string): Promise<boolean> {
    const row = this.#rows.find(diffId);
    if (row === undefined || !this.#rows.deleteUnused(diffId)) return false;
    const doomed = this.#paths.newLayerDir(randomHex(8));
    if (exists(this.#paths.layerDir(row.number))) {
      renameat2(AT_FDCWD, this.#paths.layerDir(row.number), AT_FDCWD, doomed);
      await removeTree(doomed);
    }
    return true;
  }

  async #keep(directory: string, workPath: string, sizeBytes: number): Promise<NumberedLayer> {
    await removeTree(workPath);
    const diffId = `pending:${randomHex(16)}`;
    const row: LayerRow = { number: this.#nextNumber++, diffId, sizeBytes, bootId: this.#bootId };
    renameat2(AT_FDCWD, directory, AT_FDCWD, this.#paths.layerDir(row.number));
    this.#rows.insert(row);
    return { ...this.#toDirectory(row), number: row.number };
  }

  async #commit(directory: string, diffId: string, sizeBytes: number): Promise<LayerDirectory> {
    const present = this.find(diffId);
    if (present !== undefined) {
      await removeTree(directory);
      return present;
    }
    const row: LayerRow = { number: this.#nextNumber++, diffId, sizeBytes, bootId: this.#bootId };
    renameat2(AT_FDCWD, directory, AT_FDCWD, this.#paths.layerDir(row.number));
    this.#rows.insert(row);
    return this.#toDirectory(row);
  }

  #toDirectory(row: LayerRow): LayerDirectory {
    return { diffId: row.diffId, path: this.#paths.layerTree(row.number), sizeBytes: row.sizeBytes };
  }
}
