/** Where volumes lie; `state/layout.ts` provides it. */
export interface VolumePaths {
  readonly tmpDir: string;
  readonly volumesDir: string;
  volumeDir(name: string): string;
  volumeData(name: string): string;
  volumeSettings(name: string): string;
  readonly volumeSnapshotsDir: string;
  /** Directory of a volume's snapshots, one directory each. */
  snapshotsOf(volume: string): string;
  /** What a rename that is under way wants. */
  readonly volumeRename: string;
  /** One file for each volume of a plugin that this engine has made. */
  readonly pluginVolumesDir: string;
  /** One directory for each volume of a plugin that a container holds, one file in it for each such container. */
  readonly volumeHoldersDir: string;
}

/** What a person said about a volume when it was made. */
export interface VolumeSettings {
  readonly labels: Readonly<Record<string, string>>;
  /** Of the driver: for `local` see ./local-options.ts. */
  readonly options: Readonly<Record<string, string>>;
}

export interface VolumeInfo extends VolumeSettings {
  readonly name: string;
  readonly driver: string;
  /** Where its files are on this host; "" while a plugin does not say. */
  readonly path: string;
  /** 0 when a plugin does not say. */
  readonly createdAtNs: bigint;
  readonly scope: "local" | "global";
  /** A person forbade its removal. */
  readonly locked: boolean;
  /** What a plugin tells of it. */
  readonly status?: Readonly<Record<string, unknown>>;
}

export interface NewVolume {
  readonly path: string;
  readonly driver: string;
  /** False: it was there, and keeps its settings. */
  readonly created: boolean;
}

/** A copy of a volume as it was. */
export interface SnapshotInfo {
  readonly name: string;
  readonly createdAtNs: bigint;
}

/** A volume, or one of its snapshots: `VOLUME@SNAPSHOT`. */
export interface VolumeReference {
  readonly volume: string;
  readonly snapshot: string | undefined;
}

/** Kept while a rename is under way, for the engine that comes after one that was killed. */
export interface VolumeRename {
  readonly from: string;
  readonly to: string;
}
