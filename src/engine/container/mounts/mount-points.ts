import type { MountPoint } from "#spec/docker/mount.ts";
import type { MountSpec } from "../spec.ts";

/** Mounts as inspect and list print them. */
export function mountPoints(mounts: readonly MountSpec[]): readonly MountPoint[] {
  return mounts.map((mount) => {
    switch (mount.type) {
      case "bind":
        return {
          Type: "bind",
          Source: mount.source,
          Destination: mount.target,
          Mode: mount.mode,
          RW: !mount.readOnly,
          Propagation: mount.propagation || "rprivate",
        };
      case "volume":
        return {
          Type: "volume",
          Name: mount.name,
          Source: mount.source,
          Destination: mount.target,
          Driver: mount.driver ?? "local",
          Mode: mount.mode,
          RW: !mount.readOnly,
          Propagation: "",
        };
      case "image":
        return {
          Type: "image",
          Name: mount.imageId,
          Source: mount.reference,
          Destination: mount.target,
          Mode: "",
          RW: false,
          Propagation: "",
        };
      case "tmpfs":
        return { Type: "tmpfs", Source: "", Destination: mount.target, Mode: "", RW: !mount.readOnly, Propagation: "" };
    }
  });
}
