import { BerthError } from "#base/errors.ts";
import { copyTree } from "#host/copy-tree.ts";
import { errnoText, hasCode, SyscallError } from "#host/errno.ts";
import { ensureDirectory, exists, listDirectory, readTextFileMaybe, withFd, writeFileAtomic } from "#host/files.ts";
import { AT_FDCWD, MNT_DETACH, O_CLOEXEC, O_DIRECTORY, O_RDONLY } from "#host/linux.ts";
import { parseMountWords } from "#host/mount-flags.ts";
import { isMountPoint } from "#host/mount-point.ts";
import { openOverlayView } from "#host/overlay-view.ts";
import { openInRoot } from "#host/rooted-path.ts";
import { lstatMaybe, mount, open, umount } from "#host/syscalls.ts";
import { treeUsage } from "#snapshot/tree-usage.ts";
import type { RootMount } from "#snapshot/types.ts";
import { parseLocalOptions } from "./local-options.ts";

/** Where volumes lie; `state/layout.ts` provides it. */
export interface VolumePaths {
  readonly tmpDir: string;
  readonly volumesDir: string;
  volumeDir(name: string): string;
  volumeData(name: string): string;
  volumeSettings(name: string): string;
}

/** What a person said about a volume when it was made. */
export interface VolumeSettings {
  readonly labels: Readonly<Record<string, string>>;
  /** Of the driver: see ./local-options.ts. */
  readonly options: Readonly<Record<string, string>>;
}

export interface VolumeInfo extends VolumeSettings {
  readonly name: string;
  readonly path: string;
  readonly createdAtNs: bigint;
}

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** Volumes of the `local` driver: one directory each. A volume exists exactly when its directory does. */
export class LocalVolumes {
  readonly #paths: VolumePaths;
  readonly #discard: (path: string) => Promise<void>;

  constructor(deps: { readonly paths: VolumePaths; readonly discard: (path: string) => Promise<void> }) {
    this.#paths = deps.paths;
    this.#discard = deps.discard;
  }

  /**
   * Create or find; a volume that is there keeps its settings. `created` tells which. `invalid-parameter` for a name or
   * an option that Docker does not allow.
   */
  async ensure(
    name: string,
    settings: VolumeSettings = { labels: {}, options: {} },
  ): Promise<{ readonly path: string; readonly created: boolean }> {
    if (name.length === 1) {
      throw new BerthError(
        "invalid-parameter",
        `create ${name}: volume name is too short, names should be at least two alphanumeric characters`,
      );
    }
    if (!NAME.test(name)) {
      throw new BerthError(
        "invalid-parameter",
        `create ${name}: "${name}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
      );
    }
    const path = this.#paths.volumeData(name);
    if (exists(path)) return { path, created: false };
    parseLocalOptions(name, settings.options);
    ensureDirectory(this.#paths.volumeDir(name), 0o701);
    if (Object.keys({ ...settings.labels, ...settings.options }).length > 0)
      writeFileAtomic(this.#paths.volumeSettings(name), JSON.stringify(settings), { mode: 0o600 });
    ensureDirectory(path, 0o755);
    return { path, created: true };
  }

  /** Every volume, by name. One that goes meanwhile is left out. */
  async list(): Promise<readonly VolumeInfo[]> {
    return listDirectory(this.#paths.volumesDir)
      .toSorted()
      .flatMap((name) => {
        const path = this.#paths.volumeData(name);
        // Nothing is ever changed in the directory above the data: its time is that of the volume's making.
        const stat = exists(path) ? lstatMaybe(AT_FDCWD, this.#paths.volumeDir(name)) : undefined;
        if (stat === undefined) return [];
        return [{ name, path, createdAtNs: BigInt(stat.mtimeSeconds) * 1_000_000_000n, ...this.#settings(name) }];
      });
  }

  /** Bytes of the files in it; 0 when it is gone. */
  async sizeBytes(name: string): Promise<number> {
    const path = this.#paths.volumeData(name);
    return exists(path) ? (await treeUsage(path)).sizeBytes : 0;
  }

  /**
   * Mount what the volume's options say, unless it is mounted already. `internal` in Docker's words when the kernel
   * refuses it. No await, so that nobody else can mount or unmount meanwhile.
   */
  async mount(name: string): Promise<void> {
    const what = parseLocalOptions(name, this.#settings(name).options);
    const path = this.#paths.volumeData(name);
    if (what === undefined || isMountPoint(path)) return;
    const { flags, propagation, data } = parseMountWords(what.o);
    try {
      mount(what.device, path, what.type, flags, data);
      if (propagation !== 0) mount(null, path, null, propagation);
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
      const how = `flags: 0x${flags.toString(16)}${data === "" ? "" : `, data: ${data}`}`;
      throw new BerthError(
        "internal",
        `error while mounting volume '${path}': failed to mount local volume: mount ${what.device}:${path}, ${how}: ${errnoText(error.errno)}`,
        { cause: error },
      );
    }
  }

  /** Undo {@link mount}; nothing happens to a volume that is not mounted. */
  unmount(name: string): void {
    const path = this.#paths.volumeData(name);
    if (Object.keys(this.#settings(name).options).length > 0 && isMountPoint(path)) umount(path, MNT_DETACH);
  }

  #settings(name: string): VolumeSettings {
    const text = readTextFileMaybe(this.#paths.volumeSettings(name), 1 << 20);
    return text === undefined ? { labels: {}, options: {} } : (JSON.parse(text) as VolumeSettings);
  }

  /** With everything in it; no error when it is gone. */
  async remove(name: string): Promise<void> {
    this.unmount(name);
    await this.#discard(this.#paths.volumeDir(name));
  }

  /**
   * Fill an empty volume with what the image has at `target`, owner and mode of the directory included (docker-compat).
   * Nothing happens when the volume holds something or the image has no directory there.
   */
  async copyUp(request: {
    readonly volumePath: string;
    readonly root: RootMount;
    readonly target: string;
  }): Promise<void> {
    const { volumePath, root, target } = request;
    if (listDirectory(volumePath).length > 0) return;
    const scratch = `${this.#paths.tmpDir}/copy-up`;
    ensureDirectory(scratch, 0o700);
    const flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    withFd(openOverlayView([root.upperDir, ...root.lowerDirs], scratch), (view) => {
      const source = openDirectory(view, target);
      if (source === undefined) return;
      withFd(source, (from) => withFd(open(volumePath, flags), (to) => copyTree(from, to)));
    });
  }
}

function openDirectory(view: number, path: string): number | undefined {
  try {
    return openInRoot(view, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}
