import type { ByteString } from "#spec/tar/byte-string.ts";
import type { TarEntry, TarEntryType } from "#spec/tar/tar-reader.ts";
import type { FileFacts } from "../files/file-list.ts";

/** A member of an archive as statx(2) describes the file, without its link's target and its attributes. */
export function describe(type: TarEntryType, name: ByteString, stat: FileFacts): TarEntry {
  const isDevice = type === "character" || type === "block";
  return {
    type,
    name,
    linkName: "",
    mode: stat.mode & 0o7777,
    uid: stat.uid,
    gid: stat.gid,
    size: type === "file" ? stat.size : 0,
    mtime: { seconds: stat.mtimeSeconds, nanoseconds: 0 },
    deviceMajor: isDevice ? stat.rdevMajor : 0,
    deviceMinor: isDevice ? stat.rdevMinor : 0,
    xattrs: undefined,
  };
}

/** The name that what is inside begins with. */
export function folder(name: ByteString): ByteString {
  return name.endsWith("/") ? name : `${name}/`;
}

/** docker-compat: an empty file of root's, mode 0600. It has no time: the same deletion gives the same bytes at any time. */
export function whiteout(name: ByteString, stat: FileFacts): TarEntry {
  const slash = name.lastIndexOf("/") + 1;
  const mark = `${name.slice(0, slash)}.wh.${name.slice(slash)}`;
  const mtime = { seconds: 0, nanoseconds: 0 };
  return { ...describe("file", mark, stat), mode: 0o600, uid: 0, gid: 0, size: 0, mtime };
}

/** A file of root's without attributes. */
export function plainFile(entry: Pick<TarEntry, "name" | "mode" | "size" | "mtime">): TarEntry {
  const rest = { linkName: "", uid: 0, gid: 0, deviceMajor: 0, deviceMinor: 0, xattrs: undefined };
  return { type: "file", ...rest, ...entry };
}
