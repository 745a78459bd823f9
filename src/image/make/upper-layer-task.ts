import { createHash } from "node:crypto";
import { BerthError } from "#base/errors.ts";
import { removeFile, withFd } from "#host/files/files.ts";
import type { Json } from "#host/helpers/helper-protocol.ts";
import { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } from "#host/kernel/linux.ts";
import { open, writeAll } from "#host/kernel/syscalls.ts";
import { archive } from "#host/tree/tree-archiver.ts";
import { TarReader } from "#spec/tar/tar-reader.ts";
import { LayerWriter } from "../unpack/layer-writer.ts";

export const UPPER_LAYER_TASK = "upper-layer";

export interface ArchivedUpper {
  /** Of the archive, which is also its digest as a blob: it is not compressed. */
  readonly diffId: string;
  readonly blobBytes: number;
  /** What Docker calls the layer's size. */
  readonly sizeBytes: number;
  /** 0: nothing was changed, and there is no blob. */
  readonly members: number;
}

/**
 * Make a layer of an overlay's upper directory in one pass: its archive as the file `blobPath`, and the archive laid out
 * again in `treePath`, so that the tree is what anybody gets who unpacks the blob.
 */
export async function upperLayerTask(input: Json): Promise<Json> {
  const { upperDir, treePath, blobPath } = input as Readonly<Record<"upperDir" | "treePath" | "blobPath", string>>;
  const directory = O_RDONLY | O_DIRECTORY;
  const layer = withFd(open(upperDir, directory), (upper) =>
    withFd(open(treePath, directory), (tree) =>
      withFd(open(blobPath, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600), (blob) =>
        archiveUpper(upper, tree, blob),
      ),
    ),
  );
  if (layer.members === 0) removeFile(blobPath);
  return { ...layer };
}

function archiveUpper(upper: number, tree: number, blob: number): ArchivedUpper {
  const hash = createHash("sha256");
  const writer = new LayerWriter(tree);
  const reader = new TarReader(writer);
  let blobBytes = 0;
  try {
    for (const piece of archive([{ kind: "content", directoryFd: upper }], { overlayUpper: true })) {
      hash.update(piece);
      writeAll(blob, piece);
      reader.push(piece);
      blobBytes += piece.length;
    }
    reader.end();
    const { sizeBytes, members } = writer.finish();
    return { diffId: `sha256:${hash.digest("hex")}`, blobBytes, sizeBytes, members };
  } finally {
    writer.close();
  }
}

export function toArchivedUpper(value: Json): ArchivedUpper {
  const { diffId, blobBytes, sizeBytes, members } = value as Readonly<Record<string, Json>>;
  if (
    typeof diffId !== "string" ||
    typeof blobBytes !== "number" ||
    typeof sizeBytes !== "number" ||
    typeof members !== "number"
  ) {
    throw new BerthError("internal", "the archiving helper gave no result");
  }
  return { diffId, blobBytes, sizeBytes, members };
}
