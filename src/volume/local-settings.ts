import { listDirectory, readTextFileMaybe, writeFileAtomic } from "#host/files/files.ts";
import { AT_FDCWD } from "#host/kernel/linux.ts";
import { lstatMaybe } from "#host/kernel/syscalls.ts";
import type { VolumePaths, VolumeSettings } from "./types.ts";

/** What is known of a local volume beside its files. */
export interface StoredSettings extends VolumeSettings {
  readonly createdAtNs: bigint;
  readonly locked: boolean;
  /** Of a volume with a limit: what its files count for, see host/files/project-quota.ts. */
  readonly projectId?: number;
}

/** Project ids of volumes begin here, those of containers elsewhere. */
export const FIRST_PROJECT_ID = 0x4000_0000;

type SettingsPaths = Pick<VolumePaths, "volumesDir" | "volumeDir" | "volumeSettings">;

/** The settings files of local volumes. */
export class LocalSettings {
  readonly #paths: SettingsPaths;
  /** The last project id that was given: of a volume in the making, perhaps, which no one finds among the others yet. */
  #lastProjectId = FIRST_PROJECT_ID;

  constructor(paths: SettingsPaths) {
    this.#paths = paths;
  }

  read(name: string): StoredSettings {
    const text = readTextFileMaybe(this.#paths.volumeSettings(name), 1 << 20);
    const stored = (text === undefined ? {} : JSON.parse(text)) as Partial<
      Omit<StoredSettings, "createdAtNs"> & { readonly createdAtNs: string }
    >;
    const { labels = {}, options = {}, locked = false, projectId, createdAtNs } = stored;
    return {
      labels,
      options,
      locked,
      createdAtNs: createdAtNs === undefined ? this.#madeAtNs(name) : BigInt(createdAtNs),
      ...(projectId === undefined ? {} : { projectId }),
    };
  }

  /** `directory`: the volume's, or one that is to become it. */
  write(directory: string, settings: StoredSettings): void {
    const text = JSON.stringify({ ...settings, createdAtNs: String(settings.createdAtNs) });
    writeFileAtomic(`${directory}/settings.json`, text, { mode: 0o600 });
  }

  /** Above all that are in use and all that were given before. */
  freeProjectId(): number {
    const used = listDirectory(this.#paths.volumesDir).map((name) => this.read(name).projectId ?? 0);
    return (this.#lastProjectId = Math.max(this.#lastProjectId, ...used) + 1);
  }

  /** Volumes of before have no note of it, and nothing was ever changed in the directory above their data. */
  #madeAtNs(name: string): bigint {
    return BigInt(lstatMaybe(AT_FDCWD, this.#paths.volumeDir(name))?.mtimeSeconds ?? 0) * 1_000_000_000n;
  }
}
