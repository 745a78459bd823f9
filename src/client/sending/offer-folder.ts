import { createHash } from "node:crypto";
import { BerthError } from "#base/errors.ts";
import { LENGTH_BYTES, type OfferedTree } from "#spec/berth/sent-trees.ts";
import type { BuildApi } from "../build-api.ts";
import { cutArchive } from "./cut-archive.ts";

/** A folder that was offered to an engine. */
export interface OfferedFolder {
  readonly tree: OfferedTree;
  /** The chunks that the engine lacks, as they go behind the options of a build. */
  chunks(): Iterable<Uint8Array>;
}

/**
 * Offer a folder to an engine elsewhere, see sent-trees.ts. `archive` is asked for once, and once more where something is
 * lacking: `conflict` from `chunks` when it was another one then.
 */
export async function offerFolder(
  api: Pick<BuildApi, "offerTree">,
  archive: () => Iterable<Uint8Array>,
): Promise<OfferedFolder> {
  const hashes: Uint8Array[] = [];
  for (const chunk of cutArchive(archive())) hashes.push(createHash("sha256").update(chunk).digest());
  const tree = await api.offerTree(Buffer.concat(hashes));
  return { tree, chunks: () => (tree.lacks.length === 0 ? [] : lacking(archive, hashes, new Set(tree.lacks))) };
}

function* lacking(
  archive: () => Iterable<Uint8Array>,
  hashes: readonly Uint8Array[],
  lacks: ReadonlySet<number>,
): Generator<Uint8Array> {
  let index = 0;
  let sent = 0;
  for (const chunk of cutArchive(archive())) {
    const place = index++;
    if (!lacks.has(place)) continue;
    const hash = createHash("sha256").update(chunk).digest();
    if (!hash.equals(hashes[place] ?? new Uint8Array()))
      throw new BerthError("conflict", "the folder changed while it was sent");
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32BE(chunk.length);
    yield length;
    yield chunk;
    if (++sent === lacks.size) return;
  }
  throw new BerthError("conflict", "the folder changed while it was sent");
}
