import { encodeEntry, paddingOf } from "#spec/tar/encode-entry.ts";
import type { TarEntry } from "#spec/tar/tar-reader.ts";

/** Members of an OCI image layout in a tar. Nothing has a time or an owner of its own. */
export function layoutFolder(name: string): Uint8Array {
  return encodeEntry(entryOf("directory", name, 0));
}

export function* layoutFile(name: string, value: object): Iterable<Uint8Array> {
  const bytes = Buffer.from(JSON.stringify(value));
  yield encodeEntry(entryOf("file", name, bytes.length));
  yield bytes;
  yield new Uint8Array(paddingOf(bytes.length));
}

export async function* layoutMember(
  name: string,
  sizeBytes: number,
  content: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield encodeEntry(entryOf("file", name, sizeBytes));
  yield* content;
  yield new Uint8Array(paddingOf(sizeBytes));
}

function entryOf(type: "file" | "directory", name: string, size: number): TarEntry {
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
