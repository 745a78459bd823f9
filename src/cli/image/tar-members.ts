import { createHash, type Hash } from "node:crypto";
import { TarReader, type TarEntry, type TarSink } from "#spec/tar/tar-reader.ts";

/** A member of an archive, and what its bytes hash to where it is a file. */
export interface TarMember {
  readonly entry: TarEntry;
  readonly sha256: string | undefined;
}

/** Go through an archive; `onData` gets files' bytes as they come. */
export async function tarMembers(
  archive: AsyncIterable<Uint8Array>,
  options: { readonly hash?: boolean; readonly onData?: (entry: TarEntry, bytes: Uint8Array) => void } = {},
): Promise<readonly TarMember[]> {
  const members: TarMember[] = [];
  let current: TarEntry | undefined;
  let hash: Hash | undefined;
  const sink: TarSink = {
    entry(entry) {
      current = entry;
      hash = options.hash === true && entry.type === "file" ? createHash("sha256") : undefined;
      if (entry.type !== "file") members.push({ entry, sha256: undefined });
    },
    data(chunk, start, end) {
      const bytes = chunk.subarray(start, end);
      hash?.update(bytes);
      if (current !== undefined) options.onData?.(current, bytes);
    },
    entryEnd() {
      if (current?.type === "file") members.push({ entry: current, sha256: hash?.digest("hex") });
    },
  };
  const reader = new TarReader(sink);
  for await (const chunk of archive) reader.push(chunk);
  reader.end();
  return members;
}

/** `./usr/bin/` as `/usr/bin`. */
export function memberPath({ name }: TarEntry): string {
  const path = Buffer.from(name, "latin1")
    .toString("utf8")
    .replace(/^\.?\/*/, "")
    .replace(/\/+$/, "");
  return `/${path}`;
}
