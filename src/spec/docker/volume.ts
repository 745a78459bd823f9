import { decode, dict, nullable, struct, text, type Decoded } from "./schema.ts";

/** A volume as every endpoint prints it. */
export interface Volume {
  /** RFC 3339 with seconds. */
  readonly CreatedAt: string;
  readonly Driver: string;
  /** Null when there is none, as `Options`. */
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly Mountpoint: string;
  readonly Name: string;
  readonly Options: Readonly<Record<string, string>> | null;
  readonly Scope: string;
  /** What the driver tells, if it tells anything. */
  readonly Status?: Readonly<Record<string, unknown>>;
}

/** `GET /volumes`. */
export interface VolumeList {
  readonly Volumes: readonly Volume[];
  readonly Warnings: readonly string[] | null;
}

/** `POST /volumes/prune`. */
export interface VolumesPruned {
  readonly VolumesDeleted: readonly string[] | null;
  /** Bytes. */
  readonly SpaceReclaimed: number;
}

const createRequest = struct("volume.CreateOptions", {
  Name: text,
  Driver: text,
  DriverOpts: dict(text),
  Labels: dict(text),
  ClusterVolumeSpec: nullable(struct("volume.ClusterVolumeSpec", {})),
});

/** Body of `POST /volumes/create`. */
export type VolumeCreateRequest = Decoded<typeof createRequest>;

export function decodeVolumeCreateRequest(body: unknown): VolumeCreateRequest {
  return decode(createRequest, body);
}
