import type { TarEntry } from "./tar-reader.ts";

/** A member without a time or an owner of its own, as in archives that are the same whenever they are made. */
export function plainEntry(type: "file" | "directory", name: string, size: number): TarEntry {
  return {
    type,
    name,
    linkName: "",
    mode: type === "file" ? 0o644 : 0o755,
    uid: 0,
    gid: 0,
    size,
    mtime: { seconds: 0, nanoseconds: 0 },
    deviceMajor: 0,
    deviceMinor: 0,
    xattrs: undefined,
  };
}
