import { KeyedMutex } from "#base/async.ts";
import { BerthError } from "#base/errors.ts";
import { randomHex } from "#base/ids.ts";
import { quoteGo } from "#base/quote-go.ts";
import { hasCode } from "#host/kernel/errno.ts";
import { ensureDirectory, exists, listDirectory, syncDirectory } from "#host/files/files.ts";
import { AT_FDCWD, MNT_DETACH, RENAME_NOREPLACE } from "#host/kernel/linux.ts";
import { isMountPoint } from "#host/mounts/mount-point.ts";
import { forgetLimit, limitDirectory, projectOf } from "#host/files/project-quota.ts";
import { renameat2, umount } from "#host/kernel/syscalls.ts";
import { treeUsage } from "#snapshot/tree-usage.ts";
import { isShare, mountLocal, resolveAddresses } from "./local-mount.ts";
import { parseLocalOptions, type LocalOptions } from "./local-options.ts";
import { FIRST_PROJECT_ID, LocalSettings } from "./local-settings.ts";
import type { ShareMounts } from "./share-mounts.ts";
import type { NewVolume, VolumeInfo, VolumePaths, VolumeSettings } from "./types.ts";

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

export interface LocalVolumesDeps {
  readonly paths: VolumePaths;
  readonly discard: (path: string) => Promise<void>;
  readonly nowNs: () => bigint;
  /** Does the file system of the volumes keep project quotas? */
  readonly projectQuota: boolean;
  readonly shares: ShareMounts;
}

/** Volumes of the `local` driver: one directory each. A volume exists exactly when its `_data` does. */
export class LocalVolumes {
  readonly #deps: LocalVolumesDeps;
  readonly #paths: VolumePaths;
  readonly #settings: LocalSettings;
  readonly #mounting = new KeyedMutex();

  constructor(deps: LocalVolumesDeps) {
    this.#deps = deps;
    this.#paths = deps.paths;
    this.#settings = new LocalSettings(deps.paths);
  }

  /** The data themselves are not looked at: they may lie on a server that does not answer. */
  has(name: string): boolean {
    return name.length < 256 && NAME.test(name) && namesIn(this.#paths.volumeDir(name)).includes("_data");
  }

  /** A server may keep waiting who looks into it. */
  isShare(name: string): boolean {
    const mount = this.has(name) ? this.#mountOf(name) : undefined;
    return mount !== undefined && isShare(mount);
  }

  /**
   * Create or find; a volume that is there keeps its settings. `invalid-parameter` for a name or an option that Docker
   * does not allow.
   */
  async ensure(name: string, settings: VolumeSettings): Promise<NewVolume> {
    checkName(name);
    const path = this.#paths.volumeData(name);
    if (this.has(name)) return { path, driver: "local", created: false };
    await this.#place(name, settings);
    return { path, driver: "local", created: true };
  }

  /**
   * Make a volume of what `fill` puts into its directory; nobody sees it before it is whole. `conflict` when the name is
   * taken.
   */
  async make(name: string, settings: VolumeSettings, fill: (path: string) => Promise<void>): Promise<void> {
    checkName(name);
    this.refuseTaken(name);
    await this.#place(name, settings, fill);
    syncDirectory(this.#paths.volumesDir);
  }

  find(name: string): VolumeInfo | undefined {
    if (!this.has(name)) return undefined;
    const { createdAtNs, labels, options, locked } = this.#settings.read(name);
    const path = this.#paths.volumeData(name);
    return { name, driver: "local", path, createdAtNs, scope: "local", labels, options, locked };
  }

  /** Every volume, by name. One that goes meanwhile is left out. */
  list(): readonly VolumeInfo[] {
    return listDirectory(this.#paths.volumesDir)
      .toSorted()
      .flatMap((name) => this.find(name) ?? []);
  }

  /** Bytes of the files in it, holes left out; 0 when it is gone, -1 for what is mounted there from elsewhere. */
  async sizeBytes(name: string): Promise<number> {
    const path = this.#paths.volumeData(name);
    if (this.#mountOf(name) !== undefined && isMountPoint(path)) return -1;
    return this.has(name) ? (await treeUsage(path)).sizeBytes : 0;
  }

  setLocked(name: string, locked: boolean): void {
    this.#settings.write(this.#paths.volumeDir(name), { ...this.#settings.read(name), locked });
  }

  /** Limit an empty directory that is to become the volume's data as the volume is limited. */
  limitLike(name: string, directory: string): void {
    const settings = this.#settings.read(name);
    const { sizeBytes } = parseLocalOptions(name, settings.options);
    if (sizeBytes === undefined) return;
    // Both lie there for a while, and the limit is for one.
    const projectId = this.#settings.freeProjectId();
    limitDirectory(directory, projectId, sizeBytes);
    this.#settings.write(this.#paths.volumeDir(name), { ...settings, projectId });
  }

  /** Let go of the limit of a directory that was a volume's data, if it had one, before it is discarded. */
  forgetLimit(directory: string): void {
    const id = this.#deps.projectQuota ? projectOf(directory) : 0;
    if (id >= FIRST_PROJECT_ID) forgetLimit(directory, id);
  }

  /** Give a volume another name, its snapshots with it. `conflict` when that is taken. What is mounted stays mounted. */
  rename(from: string, to: string): void {
    checkName(to);
    this.refuseTaken(to);
    const snapshots = this.#paths.snapshotsOf(from);
    if (exists(snapshots)) renameat2(AT_FDCWD, snapshots, AT_FDCWD, this.#paths.snapshotsOf(to), RENAME_NOREPLACE);
    renameat2(AT_FDCWD, this.#paths.volumeDir(from), AT_FDCWD, this.#paths.volumeDir(to), RENAME_NOREPLACE);
    syncDirectory(this.#paths.volumesDir);
  }

  refuseTaken(name: string): void {
    if (!this.has(name)) return;
    const why = "there is a volume of that name: volume name must be unique";
    throw new BerthError("conflict", `create ${name}: ${why}`);
  }

  /**
   * Mount what the volume's options say, unless it is mounted already. `internal` in Docker's words when the kernel
   * refuses it.
   */
  async mount(name: string): Promise<string> {
    const mount = this.#mountOf(name);
    const path = this.#paths.volumeData(name);
    if (mount === undefined) return path;
    return this.#mounting.run(name, async () => {
      if (!isMountPoint(path)) await mountLocal(path, await resolveAddresses(mount), this.#deps.shares);
      return path;
    });
  }

  /**
   * Undo {@link mount}; nothing happens to a volume that is not mounted. What no server has a part in is unmounted before
   * this returns its promise; who mounts a share meanwhile waits for the end.
   */
  async unmount(name: string): Promise<void> {
    const path = this.#paths.volumeData(name);
    const mount = this.#mountOf(name);
    if (mount === undefined || !isMountPoint(path)) return;
    if (isShare(mount)) await this.#mounting.run(name, () => this.#deps.shares.unmount(path));
    else umount(path, MNT_DETACH);
  }

  /** With everything in it and its snapshots; no error when it is gone. */
  async remove(name: string): Promise<void> {
    await this.unmount(name);
    if (this.#settings.read(name).projectId !== undefined) this.forgetLimit(this.#paths.volumeData(name));
    await this.#deps.discard(this.#paths.snapshotsOf(name));
    await this.#deps.discard(this.#paths.volumeDir(name));
  }

  #mountOf(name: string): LocalOptions["mount"] {
    return parseLocalOptions(name, this.#settings.read(name).options).mount;
  }

  #checkOptions(name: string, { options }: VolumeSettings): { readonly sizeBytes: number | undefined } {
    const { sizeBytes } = parseLocalOptions(name, options);
    if (sizeBytes !== undefined && !this.#deps.projectQuota) {
      throw new BerthError("invalid-parameter", `create ${name}: quota size requested but no quota support`, {
        hint: "The data root must lie on xfs or ext4 that is mounted with the option prjquota.",
      });
    }
    return { sizeBytes };
  }

  /** Made aside and moved in whole, so that an engine killed at any moment leaves no half of a volume. */
  async #place(name: string, settings: VolumeSettings, fill?: (path: string) => Promise<void>): Promise<void> {
    const { sizeBytes } = this.#checkOptions(name, settings);
    const [staged, place] = [`${this.#paths.tmpDir}/volume-${randomHex(8)}`, this.#paths.volumeDir(name)];
    try {
      ensureDirectory(staged, 0o701);
      this.#fill(staged, settings, sizeBytes);
      await fill?.(`${staged}/_data`);
      this.refuseTaken(name);
      // A folder without data is no volume; somebody else put it there.
      if (exists(place)) await this.#deps.discard(place);
      this.refuseTaken(name);
      renameat2(AT_FDCWD, staged, AT_FDCWD, place, RENAME_NOREPLACE);
    } catch (error) {
      await this.#deps.discard(staged);
      if (!hasCode(error, "ENAMETOOLONG")) throw error;
      const why = `error while creating volume root path '${place}': mkdir ${place}: file name too long`;
      throw new BerthError("internal", `create ${name}: ${why}`, { cause: error });
    }
  }

  /** The data last: they make it a volume. */
  #fill(directory: string, { labels, options }: VolumeSettings, sizeBytes: number | undefined): void {
    const projectId = sizeBytes === undefined ? undefined : this.#settings.freeProjectId();
    this.#settings.write(directory, {
      labels,
      options,
      createdAtNs: this.#deps.nowNs(),
      locked: false,
      ...(projectId === undefined ? {} : { projectId }),
    });
    if (projectId === undefined || sizeBytes === undefined) return ensureDirectory(`${directory}/_data`, 0o755);
    ensureDirectory(`${directory}/_new`, 0o755);
    limitDirectory(`${directory}/_new`, projectId, sizeBytes);
    renameat2(AT_FDCWD, `${directory}/_new`, AT_FDCWD, `${directory}/_data`);
  }
}

/** Of a directory; none of what is none. */
function namesIn(directory: string): readonly string[] {
  try {
    return listDirectory(directory);
  } catch (error) {
    if (!hasCode(error, "ENOTDIR", "ENAMETOOLONG")) throw error;
    return [];
  }
}

function checkName(name: string): void {
  // In bytes, as Go counts.
  if (Buffer.byteLength(name) === 1) {
    throw new BerthError(
      "invalid-parameter",
      `create ${name}: volume name is too short, names should be at least two alphanumeric characters`,
    );
  }
  if (!NAME.test(name)) {
    throw new BerthError(
      "invalid-parameter",
      `create ${name}: ${quoteGo(name)} includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
    );
  }
}
