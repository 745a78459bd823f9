import { createHash } from "node:crypto";
import { withFd } from "#host/files.ts";
import type { Json } from "#host/helper-protocol.ts";
import { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } from "#host/linux.ts";
import { open, writeAll } from "#host/syscalls.ts";
import { archive } from "#host/tree/tree-archiver.ts";
import type { ArchivedUpper } from "./upper-layer-task.ts";

export const KEPT_LAYER_TASK = "kept-layer";

/** The archive of a layer's tree as the file `blobPath`. `members` counts the archive as one. */
export async function keptLayerTask(input: Json): Promise<Json> {
  const { treePath, blobPath } = input as Readonly<Record<"treePath" | "blobPath", string>>;
  const layer = withFd(open(treePath, O_RDONLY | O_DIRECTORY), (tree) =>
    withFd(open(blobPath, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600), (blob) => archiveTree(tree, blob)),
  );
  return { ...layer };
}

function archiveTree(tree: number, blob: number): ArchivedUpper {
  const hash = createHash("sha256");
  let blobBytes = 0;
  for (const piece of archive([{ kind: "content", directoryFd: tree }], { overlayUpper: true, still: true })) {
    hash.update(piece);
    writeAll(blob, piece);
    blobBytes += piece.length;
  }
  return { diffId: `sha256:${hash.digest("hex")}`, blobBytes, sizeBytes: 0, members: 1 };
}
