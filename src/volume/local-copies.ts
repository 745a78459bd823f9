import { BerthError } from "#base/errors.ts";
import { randomHex } from "#base/ids.ts";
import { hasCode } from "#host/kernel/errno.ts";
import {
  ensureDirectory,
  exists,
  listDirectory,
  readTextFileMaybe,
  removeFile,
  syncDirectory,
  writeFileAtomic,
} from "#host/files/files.ts";
import { AT_FDCWD, RENAME_EXCHANGE, RENAME_NOREPLACE } from "#host/kernel/linux.ts";
import { lstatMaybe, renameat2 } from "#host/kernel/syscalls.ts";
import { treeUsage } from "#snapshot/tree-usage.ts";
import type { LocalVolumes } from "./local-volumes.ts";
import { checkSnapshotName } from "./reference.ts";
import type { SnapshotInfo, VolumePaths, VolumeReference, VolumeRename, VolumeSettings } from "./types.ts";

export interface LocalCopiesDeps {
  readonly paths: VolumePaths;
  readonly local: LocalVolumes;
  readonly discard: (path: string) => Promise<void>;
  /** Copy what is in one directory into another, existing one, down to the disk. */
  readonly copy: (from: string, to: string) => Promise<void>;
}

/** Copies of local volumes, and their names. What is copied is seen by others only when it is whole. */
export class LocalCopies {
  readonly #deps: LocalCopiesDeps;
  readonly #paths: VolumePaths;

  constructor(deps: LocalCopiesDeps) {
    this.#deps = deps;
    this.#paths = deps.paths;
  }

  /** Where the files of a volume or a snapshot are. `not-found` for a snapshot that is not there. */
  pathOf({ volume, snapshot }: VolumeReference): string {
    return snapshot === undefined ? this.#paths.volumeData(volume) : this.#snapshotData(volume, snapshot);
  }

  /** A new volume with the files of `source`. `conflict` when the name is taken. */
  clone(source: VolumeReference, to: string, settings: VolumeSettings): Promise<void> {
    const path = this.pathOf(source);
    return this.make(to, settings, (target) => this.#deps.copy(path, target));
  }

  /** A new volume with what `fill` puts into its directory. */
  make(name: string, settings: VolumeSettings, fill: (path: string) => Promise<void>): Promise<void> {
    return this.#deps.local.make(name, settings, fill);
  }

  /** By time, the oldest first. */
  snapshots(volume: string): readonly SnapshotInfo[] {
    const directory = this.#paths.snapshotsOf(volume);
    return listDirectory(directory)
      .flatMap((name) => {
        const stat = lstatMaybe(AT_FDCWD, `${directory}/${name}`);
        return stat === undefined
          ? []
          : [{ name, createdAtNs: BigInt(stat.mtimeSeconds) * 1_000_000_000n + BigInt(stat.mtimeNanoseconds) }];
      })
      .toSorted((a, b) => (a.createdAtNs < b.createdAtNs ? -1 : 1));
  }

  async snapshotBytes(volume: string, snapshot: string): Promise<number> {
    return (await treeUsage(this.#snapshotData(volume, snapshot))).sizeBytes;
  }

  /** `conflict` when the volume has one of that name. */
  async snapshot(volume: string, name: string): Promise<void> {
    checkSnapshotName(name);
    const directory = this.#paths.snapshotsOf(volume);
    const target = `${directory}/${name}`;
    const taken = new BerthError("conflict", `volume ${volume} has a snapshot ${name} already`);
    if (exists(target)) throw taken;
    const staged = await this.#stage((data) => this.#deps.copy(this.#paths.volumeData(volume), data));
    try {
      ensureDirectory(this.#paths.volumeSnapshotsDir, 0o700);
      ensureDirectory(directory, 0o700);
      renameat2(AT_FDCWD, staged, AT_FDCWD, target, RENAME_NOREPLACE);
      syncDirectory(directory);
    } catch (error) {
      await this.#deps.discard(staged);
      throw hasCode(error, "EEXIST") ? taken : error;
    }
  }

  async removeSnapshot(volume: string, snapshot: string): Promise<void> {
    this.#snapshotData(volume, snapshot);
    await this.#deps.discard(`${this.#paths.snapshotsOf(volume)}/${snapshot}`);
  }

  /**
   * Put a snapshot's files into the place of the volume's, in one step at the end, before which `check` is asked once more
   * whether that may be. The snapshot stays.
   */
  async restore(volume: string, snapshot: string, check: () => void): Promise<void> {
    const from = this.#snapshotData(volume, snapshot);
    const staged = await this.#stage((data) => {
      this.#deps.local.limitLike(volume, data);
      return this.#deps.copy(from, data);
    });
    try {
      check();
      renameat2(AT_FDCWD, `${staged}/_data`, AT_FDCWD, this.#paths.volumeData(volume), RENAME_EXCHANGE);
      syncDirectory(this.#paths.volumeDir(volume));
    } finally {
      this.#deps.local.forgetLimit(`${staged}/_data`);
      await this.#deps.discard(staged);
    }
  }

  /**
   * Give a volume another name and tell `refer` to let everybody know, as one step: an engine that is killed meanwhile
   * does the rest when it comes back, see {@link unfinishedRename}. No await, so that nobody sees half of it.
   */
  rename(rename: VolumeRename, refer: () => void): void {
    this.#deps.local.refuseTaken(rename.to);
    writeFileAtomic(this.#paths.volumeRename, JSON.stringify(rename), { mode: 0o600 });
    try {
      this.#deps.local.rename(rename.from, rename.to);
    } catch (error) {
      removeFile(this.#paths.volumeRename);
      throw error;
    }
    refer();
    removeFile(this.#paths.volumeRename);
  }

  unfinishedRename(): VolumeRename | undefined {
    const text = readTextFileMaybe(this.#paths.volumeRename, 1 << 16);
    return text === undefined ? undefined : (JSON.parse(text) as VolumeRename);
  }

  /** `refer` as in {@link rename}; it may have been done already. */
  finishRename(rename: VolumeRename, refer: () => void): void {
    if (this.#deps.local.has(rename.from)) this.#deps.local.rename(rename.from, rename.to);
    refer();
    removeFile(this.#paths.volumeRename);
  }

  /** A directory of its own with `_data` in it, filled. */
  async #stage(fill: (data: string) => Promise<void>): Promise<string> {
    const staged = `${this.#paths.tmpDir}/volume-${randomHex(8)}`;
    ensureDirectory(staged, 0o700);
    ensureDirectory(`${staged}/_data`, 0o755);
    try {
      await fill(`${staged}/_data`);
      return staged;
    } catch (error) {
      await this.#deps.discard(staged);
      throw error;
    }
  }

  #snapshotData(volume: string, snapshot: string): string {
    const path = `${this.#paths.snapshotsOf(volume)}/${checkSnapshotName(snapshot)}/_data`;
    if (!exists(path)) throw new BerthError("not-found", `volume ${volume} has no snapshot ${snapshot}`);
    return path;
  }
}
