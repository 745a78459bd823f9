/** What Berth says about volumes beyond the Engine API. */

/** One entry of `GET /berth/volumes/{name}/snapshots`. */
export interface VolumeSnapshot {
  readonly Name: string;
  /** RFC 3339 with nanoseconds. */
  readonly CreatedAt: string;
  /** Bytes of its files, holes left out; blocks that it shares with the volume count. */
  readonly Size: number;
}

/** Answer of `POST /berth/volumes/{name}/snapshots`. */
export interface VolumeSnapshotMade {
  readonly Name: string;
  /** Names of the containers that stood still meanwhile. */
  readonly Paused: readonly string[];
}
