import {
  dict,
  emptyObject,
  flag,
  int64,
  list,
  named,
  nullable,
  omitEmpty,
  struct,
  text,
  uint,
  type Decoded,
} from "./schema.ts";

/** One entry of HostConfig.Mounts (`docker run --mount`). */
export const mount = struct("mount.Mount", {
  Type: omitEmpty(named("mount.Type")),
  Source: omitEmpty(text),
  Target: omitEmpty(text),
  ReadOnly: omitEmpty(flag),
  Consistency: omitEmpty(named("mount.Consistency")),
  BindOptions: omitEmpty(
    nullable(
      struct("mount.BindOptions", {
        Propagation: omitEmpty(named("mount.Propagation")),
        NonRecursive: omitEmpty(flag),
        CreateMountpoint: omitEmpty(flag),
        ReadOnlyNonRecursive: omitEmpty(flag),
        ReadOnlyForceRecursive: omitEmpty(flag),
      }),
    ),
  ),
  VolumeOptions: omitEmpty(
    nullable(
      struct("mount.VolumeOptions", {
        NoCopy: omitEmpty(flag),
        Labels: omitEmpty(dict(text)),
        Subpath: omitEmpty(text),
        DriverConfig: omitEmpty(
          nullable(struct("mount.Driver", { Name: omitEmpty(text), Options: omitEmpty(dict(text)) })),
        ),
      }),
    ),
  ),
  ImageOptions: omitEmpty(nullable(struct("mount.ImageOptions", { Subpath: omitEmpty(text) }))),
  TmpfsOptions: omitEmpty(
    nullable(
      struct("mount.TmpfsOptions", {
        SizeBytes: omitEmpty(int64),
        Mode: omitEmpty({ ...uint, goType: "os.FileMode" }),
        Options: omitEmpty(list(list(text))),
      }),
    ),
  ),
  /** Not Docker's: whose the files shall seem to be, see docs/volumes.md. */
  Owner: omitEmpty(nullable(struct("mount.Owner", { UID: omitEmpty(nullable(uint)), GID: omitEmpty(nullable(uint)) }))),
  ClusterOptions: omitEmpty(nullable(emptyObject)),
});
export type Mount = Decoded<typeof mount>;

/** A mount as inspect and list print it. */
export interface MountPoint {
  readonly Type: string;
  readonly Name?: string;
  readonly Source: string;
  readonly Destination: string;
  readonly Driver?: string;
  readonly Mode: string;
  readonly RW: boolean;
  readonly Propagation: string;
}
