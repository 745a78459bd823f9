import { BerthError } from "#base/errors.ts";
import { hasCode } from "#host/errno.ts";
import { ensureDirectory, exists, listDirectory, readTextFileMaybe, writeFileAtomic } from "#host/files.ts";
import { AT_FDCWD, MNT_DETACH } from "#host/linux.ts";
import { isMountPoint } from "#host/mount-point.ts";
import { lstatMaybe, umount } from "#host/syscalls.ts";
import { quoteGo } from "#base/quote-go.ts";
import { treeUsage } from "#snapshot/tree-usage.ts";
import { mountLocal, resolveAddresses } from "./local-mount.ts";
import { parseLocalOptions } from "./local-options.ts";
import type { NewVolume, VolumeInfo, VolumePaths, VolumeSettings } from "./types.ts";

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** Volumes of the `local` driver: one directory each. A volume exists exactly when its directory does. */
export class LocalVolumes {
  readonly #paths: VolumePaths;
  readonly #discard: (path: string) => Promise<void>;

  constructor(deps: { readonly paths: VolumePaths; readonly discard: (path: string) => Promise<void> }) {
    this.#paths = deps.paths;
    this.#discard = deps.discard;
  }

  has(name: string): boolean {
    return NAME.test(name) && exists(this.#paths.volumeData(name));
  }

  /**
   * Create or find; a volume that is there keeps its settings. `invalid-parameter` for a name or an option that Docker
   * does not allow.
   */
  ensure(name: string, settings: VolumeSettings): NewVolume {
    checkName(name);
    const path = this.#paths.volumeData(name);
    if (exists(path)) return { path, driver: "local", created: false };
    parseLocalOptions(name, settings.options);
    try {
      ensureDirectory(this.#paths.volumeDir(name), 0o701);
    } catch (error) {
      if (!hasCode(error, "ENAMETOOLONG")) throw error;
      const why = `error while creating volume root path '${this.#paths.volumeDir(name)}': file name too long`;
      throw new BerthError("internal", `create ${name}: ${why}`, { cause: error });
    }
    if (Object.keys({ ...settings.labels, ...settings.options }).length > 0)
      writeFileAtomic(this.#paths.volumeSettings(name), JSON.stringify(settings), { mode: 0o600 });
    ensureDirectory(path, 0o755);
    return { path, driver: "local", created: true };
  }

  find(name: string): VolumeInfo | undefined {
    if (!NAME.test(name)) return undefined;
    const path = this.#paths.volumeData(name);
    // Nothing is ever changed in the directory above the data: its time is that of the volume's making.
    const stat = exists(path) ? lstatMaybe(AT_FDCWD, this.#paths.volumeDir(name)) : undefined;
    if (stat === undefined) return undefined;
    const createdAtNs = BigInt(stat.mtimeSeconds) * 1_000_000_000n;
    return { name, driver: "local", path, createdAtNs, scope: "local", ...this.#settings(name) };
  }

  /** Every volume, by name. One that goes meanwhile is left out. */
  list(): readonly VolumeInfo[] {
    return listDirectory(this.#paths.volumesDir)
      .toSorted()
      .flatMap((name) => this.find(name) ?? []);
  }

  /** Bytes of the files in it; 0 when it is gone. */
  async sizeBytes(name: string): Promise<number> {
    const path = this.#paths.volumeData(name);
    return exists(path) ? (await treeUsage(path)).sizeBytes : 0;
  }

  /**
   * Mount what the volume's options say, unless it is mounted already. `internal` in Docker's words when the kernel
   * refuses it. No await before the mount once names are resolved, so that nobody else can mount or unmount meanwhile.
   */
  async mount(name: string): Promise<string> {
    const { mount } = parseLocalOptions(name, this.#settings(name).options);
    const path = this.#paths.volumeData(name);
    if (mount === undefined) return path;
    const resolved = await resolveAddresses(mount);
    if (!isMountPoint(path)) mountLocal(path, resolved);
    return path;
  }

  /** Undo {@link mount}; nothing happens to a volume that is not mounted. */
  unmount(name: string): void {
    const path = this.#paths.volumeData(name);
    if (Object.keys(this.#settings(name).options).length > 0 && isMountPoint(path)) umount(path, MNT_DETACH);
  }

  /** With everything in it; no error when it is gone. */
  async remove(name: string): Promise<void> {
    this.unmount(name);
    await this.#discard(this.#paths.volumeDir(name));
  }

  #settings(name: string): VolumeSettings {
    const text = readTextFileMaybe(this.#paths.volumeSettings(name), 1 << 20);
    return text === undefined ? { labels: {}, options: {} } : (JSON.parse(text) as VolumeSettings);
  }
}

function checkName(name: string): void {
  if (name.length === 1) {
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
