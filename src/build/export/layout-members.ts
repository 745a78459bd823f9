import { encodeEntry, paddingOf } from "#spec/tar/encode-entry.ts";
import { plainEntry } from "#spec/tar/plain-entry.ts";

/** Members of an OCI image layout in a tar. Nothing has a time or an owner of its own. */
export function layoutFolder(name: string): Uint8Array {
  return encodeEntry(plainEntry("directory", name, 0));
}

export function* layoutFile(name: string, value: object): Iterable<Uint8Array> {
  const bytes = Buffer.from(JSON.stringify(value));
  yield encodeEntry(plainEntry("file", name, bytes.length));
  yield bytes;
  yield new Uint8Array(paddingOf(bytes.length));
}

export async function* layoutMember(
  name: string,
  sizeBytes: number,
  content: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield encodeEntry(plainEntry("file", name, sizeBytes));
  yield* content;
  yield new Uint8Array(paddingOf(sizeBytes));
}
